//! Settings, wiring, intake, queries and views.

pub mod doctor;
pub mod intake;
pub mod queries;
pub mod settings;
pub mod views;

mod credentials;
mod drift_watch;
mod head_keeper;
mod host;
mod lookup;
mod operations;
mod orders;
mod promotion;
mod submission;
mod system;
mod watchkeeper;
mod wiring;

pub use credentials::{Credentials, HandedOver, Handover, find_users, passwords_behind};
pub use drift_watch::DriftWatch;
pub use head_keeper::HeadKeeper;
pub use host::host_name;
pub use lookup::{LookupError, find_request};
pub use operations::{BulkOrders, CarryingOut, OperationOrder, refusal_of};
pub use orders::{OrderError, Orders};
pub use promotion::promote_all;
pub use submission::{IntakeTarget, StoreIntake, Submission, SubmissionError, Submitted, submit};
pub use system::{SystemChance, SystemClock, SystemIds, TokioSpawner, TokioTimer};
pub use watchkeeper::{Sighting, Watchkeeper};
pub use wiring::{WiringError, engine_for, pinned_environments, places_for, rotator_for, sweeper_for};
