//! Turns the cells of a row into a request: checks each value and fills in the defaults of the config.

use super::super::settings::{EnvironmentSettings, Settings, nearest, roles};
use super::cells::Cells;
use super::columns::Column;
use super::fault::{Faults, RowFault};
use crate::domain::{
    Account, Code, Fault, KNOWN_LICENSES, Membership, NewRequest, OnExisting, Pinned, SkuId,
    UserPrincipalName, plain_text, usage_location,
};
use std::collections::HashMap;

/// Makes requests from rows.
pub(super) struct Assembler<'s> {
    settings: &'s Settings,
    places: HashMap<&'s str, Place<'s>>,
    /// How many more suggestions are looked for: they cost a pass over all names, and later faults are only counted.
    suggestions_left: usize,
}

/// An environment with what a request needs of it.
pub(super) struct Place<'s> {
    /// A number of its own.
    pub(super) index: u32,
    pub(super) name: &'s str,
    pub(super) environment: &'s EnvironmentSettings,
    usage_location: Option<&'s str>,
    pinned: Pinned,
}

/// What a row amounts to.
pub(super) struct Assembled<'a> {
    /// Who is asked for and where, if both are understood.
    pub(super) identity: Option<(UserPrincipalName, &'a Place<'a>)>,
    /// The request, if nothing is wrong with the row.
    pub(super) request: Option<NewRequest>,
}

/// The faults of one row.
struct Check<'c> {
    cells: &'c Cells,
    faults: &'c mut Vec<RowFault>,
}

impl Check<'_> {
    /// The value of a column, parsed; none if it is empty, or wrong, which is then a fault.
    fn read<T>(&mut self, column: Column, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        let text = self.cells.get(column)?;
        match parse(text) {
            Ok(value) => Some(value),
            Err(fault) => {
                self.faults.push(invalid(self.cells.line, fault).at(column).value(text));
                None
            }
        }
    }

    /// As [`Check::read`]; an empty cell is a fault, too.
    fn require<T>(&mut self, column: Column, parse: impl FnOnce(&str) -> Result<T, Fault>) -> Option<T> {
        if self.cells.get(column).is_none() {
            self.missing(column, "it is required but empty");
        }
        self.read(column, parse)
    }

    fn missing(&mut self, column: Column, reason: &str) {
        self.faults.push(RowFault::new(self.cells.line, Code::IntakeInvalid, reason).at(column));
    }

    fn security_roles(&mut self) -> Option<Vec<String>> {
        let Some(list) = self.cells.roles.as_ref().filter(|list| !list.is_empty()) else {
            return self.read(Column::SecurityRoles, |text| {
                let names = text.split(';').map(str::trim).filter(|name| !name.is_empty());
                roles(&names.map(str::to_owned).collect::<Vec<_>>())
            });
        };
        roles(list)
            .map_err(|fault| {
                let fault = invalid(self.cells.line, fault).at(Column::SecurityRoles);
                self.faults.push(fault.value(&list.join("; ")));
            })
            .ok()
    }
}

fn invalid(line: u64, fault: Fault) -> RowFault {
    RowFault::new(line, Code::IntakeInvalid, fault.0)
}

impl<'s> Assembler<'s> {
    pub(super) fn new(settings: &'s Settings) -> Self {
        let places = settings.environments.iter().zip(0..).filter_map(|((name, environment), index)| {
            let tenant = settings.tenants.get(&environment.tenant)?;
            let pinned = Pinned {
                tenant_id: tenant.id,
                environment_id: environment.id,
                dataverse_origin: environment.origin(),
            };
            let usage_location = tenant.usage_location.as_deref();
            Some((name.as_str(), Place { index, name, environment, usage_location, pinned }))
        });
        Self { settings, places: places.collect(), suggestions_left: Faults::SHOWN_MAX }
    }

    /// Makes a request, or adds everything that is wrong with the row to `faults`.
    pub(super) fn assemble(&mut self, cells: &Cells, faults: &mut Vec<RowFault>) -> Assembled<'_> {
        let before = faults.len();
        let environment_known = self.check_environment(cells, faults);
        let license = self.license(cells, faults);
        let place =
            cells.get(Column::Environment).filter(|_| environment_known).and_then(|text| self.place(text));
        let mut check = Check { cells, faults };
        let name = check.require(Column::UserPrincipalName, UserPrincipalName::parse);
        let display_name = check.read(Column::DisplayName, |text| plain_text(text, 256));
        let given_name = check.read(Column::GivenName, |text| plain_text(text, 64));
        let surname = check.read(Column::Surname, |text| plain_text(text, 64));
        let location = check.read(Column::UsageLocation, usage_location);
        let business_unit = check.read(Column::BusinessUnit, |text| plain_text(text, 160));
        let security_roles = check.security_roles();
        let on_existing = check.read(Column::OnExisting, OnExisting::parse).unwrap_or_default();
        let priority = check.read(Column::Priority, priority).unwrap_or_default();
        let external_id = check.read(Column::ExternalId, |text| plain_text(text, 200));
        let note = check.read(Column::Note, |text| plain_text(text, 1_000));

        let Some(place) = place else {
            return Assembled { identity: None, request: None };
        };
        let location = location.or_else(|| place.usage_location.map(str::to_owned));
        if location.is_none() && cells.get(Column::UsageLocation).is_none() {
            check.missing(Column::UsageLocation, "it is required, since the tenant in the config has none");
        }
        let license = license.or(place.environment.license);
        if license.is_none() && cells.get(Column::License).is_none() {
            check.missing(Column::License, "it is required, since the environment in the config has none");
        }
        let Some(name) = name else {
            return Assembled { identity: None, request: None };
        };
        let identity = Some((name.clone(), place));
        let (Some(location), Some(license), true) = (location, license, faults.len() == before) else {
            return Assembled { identity, request: None };
        };
        let display_name = display_name.unwrap_or_else(|| name.local_part().to_owned());
        let request = NewRequest {
            tenant: place.environment.tenant.clone(),
            environment: place.name.to_owned(),
            pinned: place.pinned.clone(),
            account: Account {
                given_name: given_name.unwrap_or_else(|| given_name_of(&display_name)),
                surname: surname.unwrap_or_else(|| surname_of(&display_name)),
                user_principal_name: name,
                display_name,
                usage_location: location,
                license,
            },
            membership: Membership {
                business_unit: business_unit.or_else(|| place.environment.business_unit.clone()),
                security_roles: security_roles.unwrap_or_else(|| place.environment.security_roles.clone()),
                on_existing,
            },
            priority,
            external_id,
            note,
        };
        Assembled { identity, request: Some(request) }
    }

    fn place(&self, text: &str) -> Option<&Place<'s>> {
        self.places.get(text).or_else(|| self.places.get(text.to_lowercase().as_str()))
    }

    /// Whether the row names an environment of the config; if not, that is a fault.
    fn check_environment(&mut self, cells: &Cells, faults: &mut Vec<RowFault>) -> bool {
        let Some(text) = cells.get(Column::Environment) else {
            let fault = RowFault::new(cells.line, Code::IntakeInvalid, "it is required but empty");
            faults.push(fault.at(Column::Environment));
            return false;
        };
        if self.place(text).is_some() {
            return true;
        }
        let reason = if self.places.is_empty() {
            "the config names no environments"
        } else {
            "the config names no such environment"
        };
        let names = self.settings.environments.keys().map(String::as_str);
        let suggestion = self.suggest(text, names);
        let fault = RowFault::new(cells.line, Code::IntakeUnknownEnvironment, reason);
        faults.push(fault.at(Column::Environment).value(text).suggest(suggestion));
        false
    }

    fn license(&mut self, cells: &Cells, faults: &mut Vec<RowFault>) -> Option<SkuId> {
        let text = cells.get(Column::License)?;
        let license = self.settings.license(text);
        if license.is_none() {
            let names = self.settings.licenses.keys().map(String::as_str);
            let suggestion = self.suggest(text, names.chain(KNOWN_LICENSES.iter().map(|(part, _)| *part)));
            let reason = "it is no license of the config, no known part number, and no GUID";
            let fault = RowFault::new(cells.line, Code::IntakeInvalid, reason);
            faults.push(fault.at(Column::License).value(text).suggest(suggestion));
        }
        license
    }

    fn suggest<'n>(&mut self, text: &str, names: impl Iterator<Item = &'n str>) -> Option<String> {
        self.suggestions_left = self.suggestions_left.checked_sub(1)?;
        match &nearest(text, names, 3)[..] {
            [] => None,
            names => Some(format!("did you mean {}?", names.join(" or "))),
        }
    }
}

fn priority(text: &str) -> Result<i32, Fault> {
    let most = NewRequest::PRIORITY_MAX;
    text.parse()
        .ok()
        .filter(|priority| (-most..=most).contains(priority))
        .ok_or_else(|| Fault::new(format!("it must be a whole number from -{most} to {most}")))
}

/// The display name up to its last word; the whole, if it has one word only: Dataverse shows `#` for an empty name.
fn given_name_of(display_name: &str) -> String {
    first_64(display_name.rsplit_once(char::is_whitespace).map_or(display_name, |(given, _)| given))
}

/// The last word of the display name.
fn surname_of(display_name: &str) -> String {
    first_64(display_name.rsplit_once(char::is_whitespace).map_or(display_name, |(_, surname)| surname))
}

/// A display name may be longer than Microsoft Graph lets a name be.
fn first_64(text: &str) -> String {
    let cut = text.trim().char_indices().nth(64).map_or(text.trim(), |(at, _)| &text.trim()[..at]);
    cut.trim_end().to_owned()
}
