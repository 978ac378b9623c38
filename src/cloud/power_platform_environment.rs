//! What Power Platform's administration says about an environment (API notes §4.5).

use super::PowerPlatform;
use super::escape::path_segment;
use super::exchange::Call;
use super::failures::unreadable;
use super::verdict::{CallFailure, Effect};
use serde::Deserialize;
use serde_json::Value;
use std::collections::HashMap;
use uuid::Uuid;

/// An environment as its administration sees it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EnvironmentFacts {
    /// Whether it has a Dataverse database.
    pub has_database: bool,
    /// Where that answers.
    pub instance_url: Option<String>,
    /// The group whose direct members alone get in.
    pub security_group: Option<Uuid>,
    /// The states that are not as they must be, such as `runtime is AdminMode`; none: it is ready.
    pub troubles: Vec<String>,
    /// What these states keep people from.
    pub standing: EnvironmentStanding,
}

/// Whether an environment takes anybody in. No source names all the states there are, so they are matched loosely, and one
/// that is unknown keeps nobody out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum EnvironmentStanding {
    /// Nothing that is known keeps people out.
    Open,
    /// It is in administration mode, which ends.
    Administration,
    /// It is disabled, suspended or deleted.
    Closed,
}

/// The administrator's list of environments.
const LIST: &str =
    "/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments?api-version=2023-06-01";

/// More pages than any list of environments has.
const PAGES_MAX: usize = 100;

#[derive(Deserialize)]
struct Page {
    value: Vec<Value>,
    #[serde(rename = "nextLink")]
    next_link: Option<String>,
}

#[derive(Deserialize)]
struct Row {
    name: Uuid,
    properties: Properties,
}

#[derive(Deserialize)]
struct EnvironmentAnswer {
    properties: Properties,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Properties {
    provisioning_state: Option<String>,
    linked_environment_metadata: Option<Linked>,
    #[serde(default)]
    states: Value,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Linked {
    instance_url: Option<String>,
    instance_state: Option<String>,
    security_group_id: Option<String>,
}

fn standing(troubles: &[String]) -> EnvironmentStanding {
    let says = |fragments: &[&str]| {
        let text = troubles.join(" ").to_lowercase();
        fragments.iter().any(|fragment| text.contains(fragment))
    };
    // A disabled one is not said to be in administration mode as well; if it ever is, the worse counts.
    if says(&["disabled", "suspended", "deleted", "deleting"]) {
        EnvironmentStanding::Closed
    } else if says(&["admin", "maintenance"]) {
        EnvironmentStanding::Administration
    } else {
        EnvironmentStanding::Open
    }
}

impl PowerPlatform {
    /// The environment of this id (BAP `name`).
    ///
    /// Source: microsoft/terraform-provider-power-platform, internal/services/environment.
    ///
    /// # Errors
    /// As [`add_user`](Self::add_user).
    pub async fn environment(&self, environment_id: &str) -> Result<EnvironmentFacts, CallFailure> {
        let environment = path_segment(environment_id);
        let path = format!(
            "/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/{environment}?api-version=2023-06-01"
        );
        let answer = self.exchange.call(&Call::get(path)).await?;
        Ok(facts(answer.json::<EnvironmentAnswer>(Effect::Read)?.properties))
    }

    /// All environments that our application administers, by id (BAP `name`); rows of another shape are left out.
    ///
    /// Source: as [`environment`](Self::environment); `scopes/admin/environments` with `nextLink` (API notes §4.5).
    ///
    /// # Errors
    /// As [`add_user`](Self::add_user); [`RemoteUnreadable`](crate::domain::Code::RemoteUnreadable) when the list is longer
    /// than an answer may be.
    pub async fn environments(&self) -> Result<HashMap<Uuid, EnvironmentFacts>, CallFailure> {
        let mut found = HashMap::new();
        let mut path = LIST.to_owned();
        for _ in 0..PAGES_MAX {
            let answer = self.exchange.call(&Call::get(path)).await?;
            let page: Page = answer.json(Effect::Read)?;
            found.extend(page.value.into_iter().filter_map(|row| {
                let row = serde_json::from_value::<Row>(row).ok()?;
                Some((row.name, facts(row.properties)))
            }));
            let Some(link) = page.next_link else { return Ok(found) };
            path = self.exchange.next_path(&answer, &link)?;
        }
        Err(unreadable(Effect::Read, "The list of environments does not end.", &[]))
    }
}

fn facts(properties: Properties) -> EnvironmentFacts {
    let Properties { provisioning_state, linked_environment_metadata, states } = properties;
    let state = |name: &str| states[name]["id"].as_str().map(str::to_owned);
    let linked = linked_environment_metadata.as_ref();
    let expected = [
        ("provisioning", provisioning_state, "Succeeded"),
        ("instance", linked.and_then(|it| it.instance_state.clone()), "Ready"),
        ("management", state("management"), "Ready"),
        ("runtime", state("runtime"), "Enabled"),
    ];
    let differs = |(name, found, wanted): (&str, Option<String>, &str)| {
        found.filter(|found| found != wanted).map(|found| format!("{name} is {found:.40}"))
    };
    let troubles: Vec<String> = expected.into_iter().filter_map(differs).collect();
    // All zeros stand for no group as well.
    let group = linked.and_then(|it| Uuid::try_parse(it.security_group_id.as_deref()?).ok());
    EnvironmentFacts {
        has_database: linked.is_some(),
        instance_url: linked.and_then(|it| it.instance_url.clone()),
        security_group: group.filter(|group| !group.is_nil()),
        standing: standing(&troubles),
        troubles,
    }
}
