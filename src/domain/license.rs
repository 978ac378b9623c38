//! License products by their part numbers.

use super::SkuId;
use uuid::Uuid;

/// The products whose plans make Dataverse see a user, as (part number, product id).
/// Source: Microsoft's "Product names and service plan identifiers for licensing".
pub const KNOWN_LICENSES: &[(&str, &str)] = &[
    ("DYN365_ENTERPRISE_PLAN1", "ea126fc5-a19e-42e2-a731-da9d437bffcf"),
    ("DYN365_ENTERPRISE_SALES", "1e1a282c-9c54-43a2-9310-98ef728faace"),
    ("DYN365_ENTERPRISE_CUSTOMER_SERVICE", "749742bf-0d37-4158-a120-33567104deeb"),
    ("DYN365_ENTERPRISE_SALES_CUSTOMERSERVICE", "8edc2cf8-6438-4fa9-b6e3-aa1660c640cc"),
    ("DYN365_ENTERPRISE_FIELD_SERVICE", "c7d15985-e746-4f01-b113-20b575898250"),
    ("DYN365_SALES_PREMIUM", "2edaa1dc-966d-4475-93d6-8ee8dfd96877"),
    ("D365_SALES_PRO", "be9f9771-1c64-4618-9907-244325141096"),
    ("D365_SALES_ENT_ATTACH", "5b22585d-1b71-4c6b-b6ec-160b1a9c2323"),
    ("DYN365_CUSTOMER_SERVICE_PRO", "1439b6e2-5d59-4873-8c59-d60e2a196e92"),
    ("D365_CUSTOMER_SERVICE_ENT_ATTACH", "eb18b715-ea9d-4290-9994-2ebf4b5042d2"),
    ("DYN365_TEAM_MEMBERS", "7ac9fe77-66b7-4e5e-9e46-10eed1cff547"),
    ("DYN365_ENTERPRISE_TEAM_MEMBERS", "8e7a3d30-d97d-43ab-837c-d7701cef83dc"),
    ("DYN365_ENTERPRISE_P1_IW", "338148b6-1b11-4102-afb9-f92b6cdc0f8d"),
    ("DYN365_PROJECT_OPERATIONS", "98619618-9dc8-48c6-8f0c-741890ba5f93"),
    ("CRMSTANDARD", "d17b27af-3f49-4822-99f9-56a661538792"),
    ("CRMPLAN2", "906af65a-2970-46d5-9b58-4e9aa50f0657"),
    ("POWERAPPS_PER_USER", "b30411f5-fea1-4a59-9ad9-3db7c7ead579"),
    ("POWERAPPS_PER_USER_GCC", "8e4c6baa-f2ff-4884-9c38-93785d0d7ba1"),
    ("FLOW_PER_USER", "4a51bf65-409c-4a91-b845-1121b571cc9d"),
    ("D365_ENTERPRISE_SALES_GOV", "e85b3345-2fd5-45cf-a196-7968d3e18e56"),
    ("D365_ENTERPRISE_CUSTOMER_SERVICE_GOV", "65758a5f-2e16-43b3-a8cb-296cd8f69e09"),
];

impl SkuId {
    /// Reads a product id or a part number of [`KNOWN_LICENSES`], in any case.
    pub fn parse(text: &str) -> Option<Self> {
        let text = text.trim();
        let by_part_number = KNOWN_LICENSES.iter().find(|(part, _)| part.eq_ignore_ascii_case(text));
        Uuid::parse_str(by_part_number.map_or(text, |(_, id)| id)).ok().map(SkuId)
    }

    /// The part number, where it is known.
    pub fn part_number(self) -> Option<&'static str> {
        let id = self.to_string();
        KNOWN_LICENSES.iter().find(|(_, known)| *known == id).map(|(part, _)| *part)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_part_number_and_its_id_are_the_same_license() {
        for (part, id) in KNOWN_LICENSES {
            let sku = SkuId::parse(&part.to_lowercase()).unwrap();
            assert_eq!(SkuId::parse(id), Some(sku));
            assert_eq!(sku.part_number(), Some(*part));
        }
        assert_eq!(SkuId::parse("DYN365_NO_SUCH_THING"), None);
    }
}
