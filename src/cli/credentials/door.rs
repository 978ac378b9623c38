//! The way to the passwords: through the daemon if one runs, else with the database's lock in our own hands.

use crate::app::settings::CredentialPolicy;
use crate::app::{Credentials, Handover, SystemChance, places_for, rotator_for};
use crate::cli::actor::at_the_prompt;
use crate::cli::context::Context;
use crate::cli::database::Database;
use crate::cli::trouble::Trouble;
use crate::domain::UserId;
use crate::http::DaemonClient;
use crate::provisioning::Rotated;
use crate::store::Actor;
use std::sync::Arc;

/// How many users are handed over in one call.
const TAKEN_AT_A_TIME: usize = 100;

/// How many users get new passwords in one call: one batch of Microsoft Graph.
const ROTATED_AT_A_TIME: usize = 20;

/// The way to the passwords.
pub(super) struct Door {
    way: Way,
    actor: Actor,
}

enum Way {
    Daemon(DaemonClient),
    Own(Database, Box<Credentials>),
}

impl Door {
    /// Opens it; `rotates`: whether new passwords may have to be made.
    pub(super) async fn open(context: &Context, rotates: bool) -> Result<Self, Trouble> {
        let actor = at_the_prompt();
        if let Some((daemon, _)) = context.daemon().await? {
            return Ok(Self { way: Way::Daemon(daemon), actor });
        }
        let settings = &context.settings;
        let resets = settings.credentials.policy == CredentialPolicy::Reset;
        if rotates {
            settings.require_secrets()?;
        }
        let store = context.owner_beside_no_daemon().await?;
        let shared = store.shared();
        let rotator = if rotates {
            let places = places_for(settings, &context.clock, &context.ids)?;
            let (clock, ids) = (Arc::clone(&context.clock), Arc::clone(&context.ids));
            let rotator =
                rotator_for(settings, places, Arc::clone(&shared), clock, Arc::new(SystemChance), ids)?;
            Some(Arc::new(rotator))
        } else {
            None
        };
        let clock = Arc::clone(&context.clock);
        let credentials = Box::new(Credentials { store: shared, clock, rotator, resets });
        Ok(Self { way: Way::Own(store, credentials), actor })
    }

    /// Hands over. What came before a trouble is given back with it: it is recorded as handed over.
    pub(super) async fn take(&self, users: &[UserId]) -> (Vec<Handover>, Option<Trouble>) {
        let mut results = Vec::with_capacity(users.len());
        for some in users.chunks(self.at_a_time(TAKEN_AT_A_TIME)) {
            let taken = match &self.way {
                Way::Daemon(daemon) => daemon.take_passwords(some, &self.actor).await.map_err(Trouble::from),
                Way::Own(_, credentials) => credentials.take(some, &self.actor).await.map_err(Trouble::from),
            };
            match taken {
                Ok(taken) => results.extend(taken),
                Err(trouble) => return (results, Some(trouble)),
            }
        }
        (results, None)
    }

    /// What was handed over of these users has not arrived.
    pub(super) async fn give_back(&self, users: &[UserId]) -> Result<(), Trouble> {
        for some in users.chunks(TAKEN_AT_A_TIME) {
            match &self.way {
                Way::Daemon(daemon) => daemon.give_passwords_back(some, &self.actor).await?,
                Way::Own(_, credentials) => credentials.give_back(some, &self.actor).await?,
            }
        }
        Ok(())
    }

    /// Destroys what was received.
    pub(super) async fn acknowledge(&self, users: &[UserId]) -> (Vec<Rotated>, Option<Trouble>) {
        let mut results = Vec::with_capacity(users.len());
        for some in users.chunks(TAKEN_AT_A_TIME) {
            let done = match &self.way {
                Way::Daemon(daemon) => {
                    daemon.acknowledge_passwords(some, &self.actor).await.map_err(Trouble::from)
                }
                Way::Own(_, credentials) => {
                    credentials.acknowledge(some, &self.actor).await.map_err(Trouble::from)
                }
            };
            match done {
                Ok(done) => results.extend(done),
                Err(trouble) => return (results, Some(trouble)),
            }
        }
        (results, None)
    }

    /// Makes new passwords.
    pub(super) async fn rotate(&self, users: &[UserId]) -> (Vec<Rotated>, Option<Trouble>) {
        let mut results = Vec::with_capacity(users.len());
        for some in users.chunks(ROTATED_AT_A_TIME) {
            let done = match &self.way {
                Way::Daemon(daemon) => {
                    daemon.rotate_passwords(some, &self.actor).await.map_err(Trouble::from)
                }
                Way::Own(_, credentials) => {
                    credentials.rotate(some, &self.actor).await.map_err(Trouble::from)
                }
            };
            match done {
                Ok(done) => results.extend(done),
                Err(trouble) => return (results, Some(trouble)),
            }
        }
        (results, None)
    }

    /// Gives the lock back.
    pub(super) async fn close(self) -> Result<(), Trouble> {
        match self.way {
            Way::Daemon(_) => Ok(()),
            Way::Own(store, credentials) => {
                drop(credentials);
                Ok(store.close().await?)
            }
        }
    }

    /// A daemon may have to make new passwords first, by its own policy, so it is asked for no more than it can make in one
    /// call.
    fn at_a_time(&self, most: usize) -> usize {
        match &self.way {
            Way::Daemon(_) => ROTATED_AT_A_TIME,
            Way::Own(_, credentials) if credentials.resets => ROTATED_AT_A_TIME,
            Way::Own(..) => most,
        }
    }
}
