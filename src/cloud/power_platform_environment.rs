//! What Power Platform's administration says about an environment (API notes §4.5).

use super::PowerPlatform;
use super::escape::path_segment;
use super::exchange::Call;
use super::verdict::{CallFailure, Effect};
use serde::Deserialize;
use serde_json::Value;
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
        let Properties { provisioning_state, linked_environment_metadata, states } =
            answer.json::<EnvironmentAnswer>(Effect::Read)?.properties;
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
        // All zeros stand for no group as well.
        let group = linked.and_then(|it| Uuid::try_parse(it.security_group_id.as_deref()?).ok());
        Ok(EnvironmentFacts {
            has_database: linked.is_some(),
            instance_url: linked.and_then(|it| it.instance_url.clone()),
            security_group: group.filter(|group| !group.is_nil()),
            troubles: expected.into_iter().filter_map(differs).collect(),
        })
    }
}
