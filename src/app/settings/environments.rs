//! `[environments.NAME]`: the Dataverse environments.

use super::address::{guid, origin, without_slash};
use super::licenses::{self, LicenseSettings};
use super::path::KeyPath;
use super::reader::Reader;
use super::tenants::count;
use crate::domain::{Fault, SkuId, plain_text};
use crate::provisioning::GroupRule;
use std::collections::{BTreeMap, HashMap};
use url::Url;
use uuid::Uuid;

/// One Dataverse environment, with the defaults of the requests that name it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentSettings {
    /// The name of its tenant; `Settings::tenants` has it.
    pub tenant: String,
    /// The origin of its Dataverse.
    pub url: Url,
    /// Its id in Power Platform.
    pub id: Uuid,
    /// The license of requests that name none.
    pub license: Option<SkuId>,
    /// How many non-interactive users it may have, where that overrules what the environment itself says.
    pub slots_max: Option<u32>,
    /// The business unit of requests that name none.
    pub business_unit: Option<String>,
    /// The security roles of requests that name none, sorted and without repetition.
    pub security_roles: Vec<String>,
    /// What is done about the group that guards it.
    pub security_group: GroupRule,
}

impl EnvironmentSettings {
    /// The origin of its Dataverse as requests pin it: without a slash at the end.
    pub fn origin(&self) -> String {
        without_slash(&self.url)
    }

    pub(super) fn read_all(
        reader: &mut Reader,
        licenses: &BTreeMap<String, LicenseSettings>,
    ) -> BTreeMap<String, Self> {
        let mut environments = BTreeMap::new();
        let mut by_url: HashMap<Url, String> = HashMap::new();
        let mut by_id: HashMap<Uuid, String> = HashMap::new();
        for name in reader.names("environments") {
            let section = KeyPath::of(&["environments", &name]);
            let Some(environment) = Self::read(reader, &section, licenses) else { continue };
            if let Some(first) = by_url.insert(environment.url.clone(), name.clone()) {
                reader.fault(
                    &section.child("url"),
                    format!("the environment {first} has the same url"),
                    None,
                );
            }
            if let Some(first) = by_id.insert(environment.id, name.clone()) {
                reader.fault(&section.child("id"), format!("the environment {first} has the same id"), None);
            }
            environments.insert(name, environment);
        }
        environments
    }

    fn read(
        reader: &mut Reader,
        section: &KeyPath,
        licenses: &BTreeMap<String, LicenseSettings>,
    ) -> Option<Self> {
        let tenant_key = section.child("tenant");
        let tenant = reader.required(&tenant_key, |value| value.text().map(str::to_owned));
        if let Some(tenant) = tenant.as_ref().filter(|tenant| !reader.declares("tenants", tenant)) {
            let hint = reader.meant("tenants", tenant);
            reader.fault(&tenant_key, "there is no such tenant under [tenants]", hint);
        }
        let url = reader.required(&section.child("url"), |value| origin(value.text()?));
        let id = reader.required(&section.child("id"), |value| guid(value.text()?));
        let license = reader.optional(&section.child("license"), |value| {
            licenses::resolve(value.text()?, licenses).ok_or_else(|| {
                Fault::new("it must be a name under [licenses], a part number that Seatless knows, or a GUID")
            })
        });
        let slots_max = reader.optional(&section.child("slots_max"), |value| count(value, 100_000));
        let business_unit =
            reader.optional(&section.child("business_unit"), |value| plain_text(value.text()?, 160));
        let roles_key = section.child("security_roles");
        let security_roles = reader.optional(&roles_key, |value| roles(&value.texts()?)).unwrap_or_default();
        let group_key = section.child("security_group");
        let security_group = reader.or_default(&group_key, "check", |value| match value.text()? {
            "check" => Ok(GroupRule::Check),
            "join" => Ok(GroupRule::Join),
            "ignore" => Ok(GroupRule::Ignore),
            _ => Err(Fault::new("it must be check, join or ignore")),
        });
        Some(Self {
            tenant: tenant?,
            url: url?,
            id: id?,
            license,
            slots_max,
            business_unit,
            security_roles,
            security_group,
        })
    }
}

/// Names of security roles: sorted, without repetition, at most 20 of at most 100 characters.
pub(in crate::app) fn roles(names: &[String]) -> Result<Vec<String>, Fault> {
    let mut roles = Vec::new();
    for name in names {
        let name =
            plain_text(name, 100).map_err(|fault| Fault::new(format!("in the name of a role: {fault}")))?;
        if name.is_empty() {
            return Err(Fault::new("the name of a role is empty"));
        }
        roles.push(name);
    }
    roles.sort_unstable();
    roles.dedup();
    if roles.len() > 20 {
        return Err(Fault::new(format!("it names {} roles, at most 20 are allowed", roles.len())));
    }
    Ok(roles)
}
