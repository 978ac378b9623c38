//! Loads the settings.

use super::clouds::{BUILT_IN, BuiltInCloud, CloudSettings};
use super::credentials::CredentialSettings;
use super::daemon::DaemonSettings;
use super::environments::EnvironmentSettings;
use super::fault::{OriginKind, SettingFault, SettingsError};
use super::layers::Layers;
use super::licenses::LicenseSettings;
use super::policy::{self, CallSettings};
use super::reader::Reader;
use super::settings_type::Settings;
use super::sign_in::Remarks;
use super::store::StoreSettings;
use super::tenants::TenantSettings;
use std::collections::BTreeMap;
use std::path::PathBuf;

/// Where settings come from; the later ones win.
#[derive(Clone, Debug, Default)]
pub struct Sources<E> {
    /// The config file; absent: none. One that is named must be readable.
    pub file: Option<PathBuf>,
    /// The environment variables, all of them; `std::env::vars()` outside of tests.
    pub environment: E,
    /// What flags say, as (key, value), such as `("store.url", "sqlite:other.db")`.
    pub overrides: Vec<(String, String)>,
}

impl Settings {
    /// Reads all sources and checks the whole.
    ///
    /// A relative path that the file says starts from the file's folder, and so does a default; one that a variable or a flag
    /// says starts from the current directory.
    ///
    /// # Errors
    /// Everything that is wrong, not only the first. A missing secret is not, since most commands do not sign in:
    /// see [`Settings::require_secrets`].
    pub fn load<E>(sources: Sources<E>) -> Result<Self, SettingsError>
    where
        E: IntoIterator<Item = (String, String)>,
    {
        let layers = Layers::collect(sources.file.as_deref(), sources.environment, sources.overrides);
        let mut reader = Reader::new(layers, sources.file);
        let mut remarks = Remarks::default();

        let store = StoreSettings::read(&mut reader);
        let daemon = DaemonSettings::read(&mut reader, &store);
        let clouds = CloudSettings::read_all(&mut reader);
        let licenses = LicenseSettings::read_all(&mut reader);
        let tenants = TenantSettings::read_all(&mut reader, &mut remarks);
        let environments = EnvironmentSettings::read_all(&mut reader, &licenses);
        let credentials = CredentialSettings::read(&mut reader);
        let policy = policy::read(&mut reader);
        let calls = CallSettings::read(&mut reader, policy.call_deadline);
        let level_check = policy::level_check(&mut reader);

        if !reader.faults.is_empty() {
            reader.faults.sort_by_key(rank);
            return Err(SettingsError { faults: reader.faults });
        }
        let mut warnings = remarks.warnings;
        warnings.extend(strangers(&tenants, &environments, &clouds));
        let mut origins = reader.origins;
        // Of Microsoft's clouds, those that nobody is in are left out: their table is no news to anybody.
        origins.retain(|origin| {
            let of = |name: &str| origin.key.starts_with(&format!("clouds.{name}."));
            let idle = |cloud: &&BuiltInCloud| {
                cloud.name != "public" && !tenants.values().any(|tenant| tenant.cloud == cloud.name)
            };
            origin.origin != OriginKind::Default || !BUILT_IN.iter().filter(idle).any(|cloud| of(cloud.name))
        });
        origins.sort_by(|a, b| a.key.cmp(&b.key));
        Ok(Self {
            store,
            daemon,
            tenants,
            environments,
            clouds,
            licenses,
            credentials,
            policy,
            calls,
            level_check,
            warnings,
            origins,
            absent_secrets: remarks.absent_secrets,
        })
    }
}

/// Warnings about environments whose hosts do not look like their tenant's cloud.
fn strangers(
    tenants: &BTreeMap<String, TenantSettings>,
    environments: &BTreeMap<String, EnvironmentSettings>,
    clouds: &BTreeMap<String, CloudSettings>,
) -> Vec<String> {
    let stranger = |(name, environment): (&String, &EnvironmentSettings)| {
        let tenant = tenants.get(&environment.tenant)?;
        let cloud = clouds.get(&tenant.cloud).filter(|cloud| !cloud.may_host(&environment.url))?;
        Some(format!(
            "environments.{name}.url does not end in {}, as environments of clouds.{} do",
            cloud.dataverse_domain.as_deref().unwrap_or_default(),
            tenant.cloud
        ))
    };
    environments.iter().filter_map(stranger).collect()
}

/// The order in which faults are told: the file from its top, then variables, then flags.
fn rank(fault: &SettingFault) -> (u8, u64) {
    match &fault.origin {
        OriginKind::Default => (0, 0),
        OriginKind::File { line, .. } => (1, line.unwrap_or(0)),
        OriginKind::Environment(_) => (2, 0),
        OriginKind::Flag => (3, 0),
    }
}
