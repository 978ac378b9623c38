//! What the rest of the program reads.

use super::clouds::CloudSettings;
use super::credentials::CredentialSettings;
use super::daemon::DaemonSettings;
use super::environments::EnvironmentSettings;
use super::fault::{Origin, SettingFault, SettingsError};
use super::licenses::{self, LicenseSettings};
use super::policy::CallSettings;
use super::store::StoreSettings;
use super::tenants::TenantSettings;
use crate::domain::{Policy, SkuId};
use std::collections::BTreeMap;
use std::time::Duration;

/// The settings, checked: every name that stands in them leads somewhere.
#[derive(Clone, Debug)]
pub struct Settings {
    /// Where the requests live.
    pub store: StoreSettings,
    /// The running process.
    pub daemon: DaemonSettings,
    /// The Microsoft Entra directories by name.
    pub tenants: BTreeMap<String, TenantSettings>,
    /// The Dataverse environments by name.
    pub environments: BTreeMap<String, EnvironmentSettings>,
    /// The clouds by name; `public` is always there.
    pub clouds: BTreeMap<String, CloudSettings>,
    /// The licenses by name.
    pub licenses: BTreeMap<String, LicenseSettings>,
    /// What becomes of the passwords.
    pub credentials: CredentialSettings,
    /// The durations and bounds of the machine.
    pub policy: Policy,
    /// The bounds of every remote call.
    pub calls: CallSettings,
    /// How often the engine looks for work that no hint announced.
    pub level_check: Duration,
    /// What is not wrong, but dangerous: sentences for the log.
    pub warnings: Vec<String>,
    pub(super) origins: Vec<Origin>,
    pub(super) absent_secrets: Vec<SettingFault>,
}

impl Settings {
    /// Every value in force and who says it, sorted by key; keys that nobody set and that have no default are not listed.
    pub fn origins(&self) -> &[Origin] {
        &self.origins
    }

    /// Passes if every tenant has its secret; for commands that sign in.
    ///
    /// # Errors
    /// Names each secret that is missing or unreadable.
    pub fn require_secrets(&self) -> Result<(), SettingsError> {
        match &self.absent_secrets[..] {
            [] => Ok(()),
            faults => Err(SettingsError { faults: faults.to_vec() }),
        }
    }

    /// The product that a request means by its license: a name of `[licenses]`, a part number, or a product id; none if it
    /// is none of them.
    pub fn license(&self, text: &str) -> Option<SkuId> {
        licenses::resolve(text, &self.licenses)
    }
}
