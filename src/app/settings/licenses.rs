//! `[licenses.NAME]`: the licenses lent to users on the way.

use super::path::KeyPath;
use super::reader::Reader;
use super::tenants::count;
use crate::domain::{Fault, SkuId};
use std::collections::BTreeMap;

/// A license product under a name of our own.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct LicenseSettings {
    /// The product.
    pub sku: SkuId,
    /// How many units Seatless may hold at once in each tenant; absent: as many as are free.
    pub seats_max: Option<u32>,
}

impl LicenseSettings {
    pub(super) fn read_all(reader: &mut Reader) -> BTreeMap<String, Self> {
        let mut licenses = BTreeMap::new();
        let mut by_sku: BTreeMap<SkuId, String> = BTreeMap::new();
        for name in reader.names("licenses") {
            let section = KeyPath::of(&["licenses", &name]);
            let sku_key = section.child("sku");
            let sku = reader.required(&sku_key, |value| {
                SkuId::parse(value.text()?).ok_or_else(|| {
                    Fault::new("it must be a part number that Seatless knows, or the product's GUID (skuId)")
                })
            });
            let seats_max = reader.optional(&section.child("seats_max"), |value| count(value, 1_000_000));
            let Some(sku) = sku else { continue };
            if let Some(first) = by_sku.insert(sku, name.clone()) {
                // Two names for one product could set two bounds.
                reader.fault(&sku_key, format!("the license {first} is the same product"), None);
            }
            licenses.insert(name, Self { sku, seats_max });
        }
        licenses
    }
}

/// The product that a text means: a name of the config, a part number, or a product id.
pub(super) fn resolve(text: &str, licenses: &BTreeMap<String, LicenseSettings>) -> Option<SkuId> {
    let text = text.trim();
    match licenses.get(text).or_else(|| licenses.get(&text.to_ascii_lowercase())) {
        Some(license) => Some(license.sku),
        None => SkuId::parse(text),
    }
}
