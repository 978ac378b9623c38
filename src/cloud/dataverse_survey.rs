//! What must be known about an environment before anybody is sent there, in one call.

use super::dataverse::{Dataverse, ROOT, WhoAmI};
use super::dataverse_rows::{BusinessUnit, Role};
use super::escape::{odata_text, query_value};
use super::multipart::Part;
use super::verdict::{CallFailure, Effect, Verdict};
use crate::domain::ObjectId;
use serde::Deserialize;
use uuid::Uuid;

/// The state of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Survey {
    /// The organization behind the address: what a request is pinned to.
    pub organization_id: Uuid,
    /// How many non-interactive users the platform allows; `None` when it does not say, which means Microsoft's usual 7.
    pub non_interactive_max: Option<u32>,
    /// The enabled non-interactive users that are no application users, by directory object.
    pub non_interactive: Vec<ObjectId>,
    /// How many more such rows have no directory object: built-in users; whether they count is not settled.
    pub non_interactive_without_object: u32,
    /// The root business unit and those whose names were asked for.
    pub business_units: Vec<BusinessUnit>,
    /// Every business unit's copy of the roles whose names were asked for.
    pub roles: Vec<Role>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct ResourcesAnswer {
    organization_resources: Resources,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Resources {
    max_number_of_non_interactive_users: i64,
}

#[derive(Deserialize)]
struct ObjectIdRow {
    azureactivedirectoryobjectid: Option<ObjectId>,
}

impl Dataverse {
    /// Reads the environment's state in one `$batch`: its organization, its non-interactive users and their limit, its root
    /// business unit and those named, and the roles named (at most some hundreds of names; none is fine).
    ///
    /// # Errors
    /// As every read; the first part that fails fails the survey, except that a refused limit is left out.
    pub async fn survey(
        &self,
        role_names: &[String],
        business_unit_names: &[String],
    ) -> Result<Survey, CallFailure> {
        let mut parts = vec![
            Part::get(format!("{ROOT}/WhoAmI")),
            Part::get(format!("{ROOT}/RetrieveOrganizationResources()")),
            Part::get(non_interactive_path()),
            Part::get(format!(
                "{ROOT}/businessunits?$select=businessunitid,name,_parentbusinessunitid_value"
            )),
        ];
        parts.extend(roles_path(role_names).map(Part::get));
        let mut answers = self.batch(&parts, Effect::Read).await?.into_iter();
        let mut next = || {
            // `batch` gives as many answers as there are parts.
            answers.next().ok_or_else(|| {
                super::failures::unreadable(Effect::Read, "A part of the batch is missing.", &[])
            })
        };

        let who: WhoAmI = self.read(next()?)?.json(Effect::Read)?;
        let resources = match self.read(next()?) {
            Ok(answer) => Some(answer.json::<ResourcesAnswer>(Effect::Read)?.organization_resources),
            Err(failure) if failure.verdict == Verdict::Refused => None,
            Err(failure) => return Err(failure),
        };
        let users: Vec<ObjectIdRow> = self.rows(next()?).await?;
        let mut business_units: Vec<BusinessUnit> = self.rows(next()?).await?;
        let roles = if parts.len() > 4 { self.rows(next()?).await? } else { Vec::new() };

        business_units.retain(|unit| unit.parent.is_none() || is_among(&unit.name, business_unit_names));
        let without_object = users.iter().filter(|row| row.azureactivedirectoryobjectid.is_none()).count();
        Ok(Survey {
            organization_id: who.organization_id,
            // -1 stands for "no limit" in the other fields of this answer, and nothing is documented for this one.
            non_interactive_max: resources
                .and_then(|it| u32::try_from(it.max_number_of_non_interactive_users).ok())
                .filter(|max| *max > 0),
            non_interactive: users.into_iter().filter_map(|row| row.azureactivedirectoryobjectid).collect(),
            non_interactive_without_object: u32::try_from(without_object).unwrap_or(u32::MAX),
            business_units,
            roles,
        })
    }
}

/// Application users carry the same access mode but do not count (API notes §3.8).
fn non_interactive_path() -> String {
    let filter = query_value("accessmode eq 4 and isdisabled eq false and applicationid eq null");
    format!("{ROOT}/systemusers?$select=azureactivedirectoryobjectid&$filter={filter}")
}

fn roles_path(names: &[String]) -> Option<String> {
    if names.is_empty() {
        return None;
    }
    let conditions: Vec<String> = names.iter().map(|name| format!("name eq {}", odata_text(name))).collect();
    let filter = query_value(&conditions.join(" or "));
    Some(format!("{ROOT}/roles?$select=roleid,name,_businessunitid_value&$filter={filter}"))
}

/// Dataverse compares names without regard to case.
fn is_among(name: &str, names: &[String]) -> bool {
    names.iter().any(|other| other.to_lowercase() == name.to_lowercase())
}
