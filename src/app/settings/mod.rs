//! The settings: what the config file, the environment and the flags say, checked and typed.
//!
//! Reading order: [`Settings`] is the result; `load` collects it; `layers` merges the sources by precedence; `schema`
//! lists the keys; one file per section turns raw values into types.

mod settings_type;

mod load;

mod address;
mod clouds;
mod credentials;
mod daemon;
mod environments;
mod licenses;
mod policy;
mod sign_in;
mod store;
mod tenants;

mod fault;
mod file;
mod layers;
mod nearest;
mod path;
mod platform;
mod reader;
mod schema;
mod secret_file;
mod template;
mod value;
mod variables;

pub use clouds::{BUILT_IN, BuiltInCloud, CloudSettings};
pub use credentials::{CredentialPolicy, CredentialSettings};
pub use daemon::DaemonSettings;
pub use environments::EnvironmentSettings;
pub use fault::{Origin, OriginKind, SettingFault, SettingsError};
pub use licenses::LicenseSettings;
pub use load::Sources;
pub use policy::CallSettings;
pub use schema::{KEYS, Key};
pub use settings_type::Settings;
pub use sign_in::{SignIn, SignInKind};
pub use store::StoreSettings;
pub use template::TEMPLATE;
pub use tenants::TenantSettings;

pub(in crate::app) use environments::roles;
pub(in crate::app) use nearest::nearest;
pub(in crate::app) use value::excerpt;
