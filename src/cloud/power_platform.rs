//! Power Platform's administration: asking for a user to be synchronized now (API notes §4.1).

use super::escape::path_segment;
use super::exchange::{Call, Exchange};
use super::failures::is_not_licensed_yet;
use super::verdict::{CallFailure, Effect};
use crate::domain::ObjectId;
use serde_json::json;

/// Power Platform's administration of one tenant. Cheap to clone.
#[derive(Clone)]
pub struct PowerPlatform {
    pub(super) exchange: Exchange,
}

/// What came of asking for a user to be added to an environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AddUser {
    /// Done, or under way: the row may need seconds more.
    Accepted,
    /// Power Platform does not see the user's license yet; usual for minutes after it was assigned.
    NotLicensedYet,
}

impl PowerPlatform {
    pub(super) fn new(exchange: Exchange) -> Self {
        Self { exchange }
    }

    /// Asks that `user` be added to the environment, or enabled there again; harmless to repeat.
    ///
    /// `environment_id` is Power Platform's id (BAP `name`), which is not the organization's.
    /// Source: microsoft/terraform-provider-power-platform, internal/services/authorization/api_user.go.
    ///
    /// # Errors
    /// [`PowerPlatformNotRegistered`](crate::domain::Code::PowerPlatformNotRegistered) until an admin has registered our
    /// application; [`PowerPlatformRefused`](crate::domain::Code::PowerPlatformRefused), most often for a missing membership
    /// in the environment's security group.
    pub async fn add_user(&self, environment_id: &str, user: ObjectId) -> Result<AddUser, CallFailure> {
        let environment = path_segment(environment_id);
        let path = format!(
            "/providers/Microsoft.BusinessAppPlatform/scopes/admin/environments/{environment}/addUser?api-version=2023-06-01"
        );
        let call = Call::post(path, Effect::Write, &json!({ "objectId": user }));
        let answer = self.exchange.attempt(&call).await?;
        if is_not_licensed_yet(&answer) {
            return Ok(AddUser::NotLicensedYet);
        }
        if !answer.status.is_success() {
            return Err(self.exchange.failure(&answer, Effect::Write));
        }
        // An empty body is the rule; a page of HTML is a proxy's.
        if !answer.body.trim_ascii().is_empty() {
            answer.json::<serde_json::Value>(Effect::Write)?;
        }
        Ok(AddUser::Accepted)
    }
}
