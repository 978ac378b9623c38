//! The steps that make an account: the only place where engine and cloud meet.

mod assign_license;
mod await_propagation;
mod capacity;
mod check_environment;
mod create_user;
mod households;
mod lookout;
mod lost_history;
mod marker;
mod password;
mod places;
mod propagation_memo;
mod provisioner;
mod remove_license;
mod resolved;
mod retire_user;
mod rotation;
mod sealing;
mod security_group;
mod set_non_interactive;
mod subscriptions;
mod surroundings;
mod sweep;
mod verdicts;
mod verify;
mod work;

pub use check_environment::SLOTS;
pub use lookout::Lookout;
pub use marker::Marker;
pub use password::PasswordPolicy;
pub use places::{EnvironmentPlace, GroupRule, Places, TenantPlace};
pub use provisioner::{Provisioner, ProvisionerParts};
pub use rotation::{Rotated, Rotator};
pub use sealing::{OpeningError, OpeningKeys, RecipientError, Recipients, armored};
pub use sweep::Sweeper;
pub use work::Work;
