//! The columns of a list of requests.

use super::super::settings::nearest;

/// One column: a header of a CSV file, a key of a JSON or YAML object.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Column {
    /// The user name.
    UserPrincipalName,
    /// The environment's name in the config.
    Environment,
    /// The name that people see.
    DisplayName,
    /// The first name.
    GivenName,
    /// The last name.
    Surname,
    /// The license lent on the way.
    License,
    /// The country whose law the license follows.
    UsageLocation,
    /// The business unit in the environment.
    BusinessUnit,
    /// The security roles in the environment.
    SecurityRoles,
    /// What to do when the name is taken.
    OnExisting,
    /// Who comes first.
    Priority,
    /// The requester's own id.
    ExternalId,
    /// A remark.
    Note,
}

/// One row of the list of columns, for `--help`.
#[derive(Clone, Copy, Debug)]
pub struct ColumnRow {
    /// The column.
    pub column: Column,
    /// Its name; headers may be written in any case, and with spaces or dashes for the underscores.
    pub name: &'static str,
    /// Whether each row must have a value in it.
    pub required: bool,
    /// What belongs there, its bounds, and what an empty cell means.
    pub description: &'static str,
}

const fn row(column: Column, name: &'static str, required: bool, description: &'static str) -> ColumnRow {
    ColumnRow { column, name, required, description }
}

/// Every column, in the order of [`Column`].
pub const COLUMNS: &[ColumnRow] = &[
    row(
        Column::UserPrincipalName,
        "user_principal_name",
        true,
        "the user name, such as svc-billing@contoso.com; `upn` is another name for the column",
    ),
    row(Column::Environment, "environment", true, "the environment's name in the config"),
    row(
        Column::DisplayName,
        "display_name",
        false,
        "the name that people see, at most 256 characters; empty: the part of the user name before the @",
    ),
    row(
        Column::GivenName,
        "given_name",
        false,
        "the first name, at most 64 characters; empty: the display name up to its last word",
    ),
    row(
        Column::Surname,
        "surname",
        false,
        "the last name, at most 64 characters; empty: the last word of the display name",
    ),
    row(
        Column::License,
        "license",
        false,
        "the license lent on the way: a name in the config, a part number or a GUID; empty: the environment's",
    ),
    row(
        Column::UsageLocation,
        "usage_location",
        false,
        "a country code of two letters, such as GB; empty: the tenant's",
    ),
    row(
        Column::BusinessUnit,
        "business_unit",
        false,
        "the name of the business unit, at most 160 characters; empty: the environment's, or the root business unit",
    ),
    row(
        Column::SecurityRoles,
        "security_roles",
        false,
        "names of security roles separated by semicolons (in JSON and YAML also a list), at most 20 of at most 100 \
         characters; empty: the environment's",
    ),
    row(
        Column::OnExisting,
        "on_existing",
        false,
        "what to do when somebody else made the user: block (also when empty) or adopt",
    ),
    row(
        Column::Priority,
        "priority",
        false,
        "a whole number from -1000 to 1000, larger comes first; empty: 0",
    ),
    row(Column::ExternalId, "external_id", false, "an id of your own, at most 200 characters"),
    row(Column::Note, "note", false, "a remark for people, at most 1000 characters"),
];

impl Column {
    /// How many columns there are.
    pub(super) const COUNT: usize = COLUMNS.len();

    /// The column's name.
    pub const fn name(self) -> &'static str {
        COLUMNS[self as usize].name
    }

    /// The column that a header means.
    pub fn parse(header: &str) -> Option<Self> {
        let name = header.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        if name == "upn" {
            return Some(Self::UserPrincipalName);
        }
        COLUMNS.iter().find(|row| row.name == name).map(|row| row.column)
    }

    /// A suggestion for a header that means no column.
    pub(super) fn meant(header: &str) -> Option<String> {
        let name = header.trim().to_ascii_lowercase().replace([' ', '-'], "_");
        let known = COLUMNS.iter().map(|row| row.name).chain(["upn"]);
        nearest(&name, known, 1).first().map(|name| format!("did you mean {name}?"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_in_the_order_of_the_columns() {
        for (index, row) in COLUMNS.iter().enumerate() {
            assert_eq!(row.column as usize, index);
            assert_eq!(Column::parse(row.name), Some(row.column));
        }
        assert_eq!(Column::parse(" User Principal-Name "), Some(Column::UserPrincipalName));
    }
}
