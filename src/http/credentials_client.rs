//! A command's side of the routes for passwords.

use super::client::{DaemonClient, DaemonError, unreachable};
use super::credentials_wire::{CredentialsOrder, CredentialsResult};
use crate::app::Handover;
use crate::domain::UserId;
use crate::provisioning::Rotated;
use crate::store::Actor;

impl DaemonClient {
    /// Has the daemon hand over the sealed passwords of these users.
    ///
    /// # Errors
    /// When the daemon does not answer, or its store fails.
    pub async fn take_passwords(
        &self,
        users: &[UserId],
        actor: &Actor,
    ) -> Result<Vec<Handover>, DaemonError> {
        let results = self.credentials("take", users, actor).await?;
        results
            .into_iter()
            .map(|result| Handover::try_from(result).map_err(|error| unreachable(error.to_string())))
            .collect()
    }

    /// Tells the daemon that what it handed over of these users has not arrived.
    ///
    /// # Errors
    /// As [`take_passwords`](Self::take_passwords).
    pub async fn give_passwords_back(&self, users: &[UserId], actor: &Actor) -> Result<(), DaemonError> {
        self.credentials("give-back", users, actor).await.map(drop)
    }

    /// Has the daemon destroy what these users' takers have received.
    ///
    /// # Errors
    /// As [`take_passwords`](Self::take_passwords).
    pub async fn acknowledge_passwords(
        &self,
        users: &[UserId],
        actor: &Actor,
    ) -> Result<Vec<Rotated>, DaemonError> {
        let results = self.credentials("acknowledge", users, actor).await?;
        Ok(results.into_iter().map(Rotated::from).collect())
    }

    /// Has the daemon make new passwords for these users; it goes on to the end even if this call is given up.
    ///
    /// # Errors
    /// As [`take_passwords`](Self::take_passwords).
    pub async fn rotate_passwords(
        &self,
        users: &[UserId],
        actor: &Actor,
    ) -> Result<Vec<Rotated>, DaemonError> {
        let results = self.credentials("rotate", users, actor).await?;
        Ok(results.into_iter().map(Rotated::from).collect())
    }

    async fn credentials(
        &self,
        verb: &str,
        users: &[UserId],
        actor: &Actor,
    ) -> Result<Vec<CredentialsResult>, DaemonError> {
        let order = CredentialsOrder { actor: actor.clone(), users: users.to_vec() };
        self.call("POST", &format!("/v1/credentials/{verb}"), &order).await
    }
}
