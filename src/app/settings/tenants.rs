//! `[tenants.NAME]`: the Microsoft Entra directories.

use super::address::guid;
use super::path::KeyPath;
use super::reader::Reader;
use super::sign_in::{Remarks, SignIn};
use super::value::Value;
use crate::domain::{Fault, usage_location};
use std::collections::BTreeMap;
use uuid::Uuid;

/// The largest weight: a larger one would leave others nothing that anybody could notice.
const WEIGHT_MAX: u32 = 1_000;

/// One Microsoft Entra directory.
#[derive(Clone, Debug)]
pub struct TenantSettings {
    /// The directory's id.
    pub id: Uuid,
    /// The name of its cloud; `Settings::clouds` has it.
    pub cloud: String,
    /// The usage location of requests that name none: ISO 3166 alpha-2, upper case.
    pub usage_location: Option<String>,
    /// How large its part of the groups in flight is beside the other tenants'.
    pub weight: u32,
    /// How to sign in.
    pub sign_in: SignIn,
}

impl TenantSettings {
    pub(super) fn read_all(reader: &mut Reader, remarks: &mut Remarks) -> BTreeMap<String, Self> {
        let mut tenants = BTreeMap::new();
        let mut by_id: BTreeMap<Uuid, String> = BTreeMap::new();
        for name in reader.names("tenants") {
            let section = KeyPath::of(&["tenants", &name]);
            let Some(tenant) = Self::read(reader, &section, remarks) else { continue };
            if let Some(first) = by_id.insert(tenant.id, name.clone()) {
                // Seats are counted per directory: two names for one would count them twice.
                reader.fault(&section.child("id"), format!("the tenant {first} has the same id"), None);
            }
            tenants.insert(name, tenant);
        }
        tenants
    }

    fn read(reader: &mut Reader, section: &KeyPath, remarks: &mut Remarks) -> Option<Self> {
        let id = reader.required(&section.child("id"), |value| guid(value.text()?));
        let cloud_key = section.child("cloud");
        let cloud = reader.or_default(&cloud_key, "public", |value| value.text().map(str::to_owned));
        if !reader.declares("clouds", &cloud) {
            let hint = reader.meant("clouds", &cloud);
            reader.fault(&cloud_key, "there is no such cloud under [clouds]", hint);
        }
        let location =
            reader.optional(&section.child("usage_location"), |value| usage_location(value.text()?));
        let weight = reader.or_default(&section.child("weight"), "1", |value| count(value, WEIGHT_MAX));
        let sign_in = SignIn::read(reader, section, remarks);
        Some(Self { id: id?, cloud, usage_location: location, weight, sign_in: sign_in? })
    }
}

/// A whole number from 1 to `most`.
pub(super) fn count(value: &Value, most: u32) -> Result<u32, Fault> {
    value.whole(1, most.into()).map(|number| u32::try_from(number).unwrap_or(most))
}
