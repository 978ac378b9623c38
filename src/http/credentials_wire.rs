//! The JSON about passwords that travels over the socket. They are sealed; only their takers can open them.

use crate::app::HandedOver;
use crate::app::Handover;
use crate::domain::{Failure, IntentId, UserId};
use crate::provisioning::Rotated;
use crate::store::Actor;
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use serde::{Deserialize, Serialize};

/// What is to be done, and for whom.
#[derive(Serialize, Deserialize)]
pub(super) struct CredentialsOrder {
    pub(super) actor: Actor,
    pub(super) users: Vec<UserId>,
}

/// What came of it for one user.
#[derive(Serialize, Deserialize)]
pub(super) struct CredentialsResult {
    user: UserId,
    #[serde(default, skip_serializing_if = "Option::is_none")]
    failure: Option<Failure>,
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    passwords: Vec<Sealed>,
}

#[derive(Serialize, Deserialize)]
struct Sealed {
    intent: IntentId,
    /// An `age` file in base64.
    sealed: String,
    certain: bool,
}

impl From<Rotated> for CredentialsResult {
    fn from((user, result): Rotated) -> Self {
        Self { user, failure: result.err(), passwords: Vec::new() }
    }
}

impl From<CredentialsResult> for Rotated {
    fn from(result: CredentialsResult) -> Self {
        (result.user, result.failure.map_or(Ok(()), Err))
    }
}

impl From<Handover> for CredentialsResult {
    fn from((user, result): Handover) -> Self {
        match result {
            Ok(handed) => {
                let seal = |one: HandedOver| Sealed {
                    intent: one.intent,
                    certain: one.certain,
                    sealed: STANDARD.encode(one.sealed),
                };
                Self { user, failure: None, passwords: handed.into_iter().map(seal).collect() }
            }
            Err(failure) => Self { user, failure: Some(failure), passwords: Vec::new() },
        }
    }
}

impl TryFrom<CredentialsResult> for Handover {
    type Error = base64::DecodeError;

    fn try_from(result: CredentialsResult) -> Result<Self, Self::Error> {
        if let Some(failure) = result.failure {
            return Ok((result.user, Err(failure)));
        }
        let open = |one: Sealed| {
            Ok(HandedOver { intent: one.intent, certain: one.certain, sealed: STANDARD.decode(one.sealed)? })
        };
        let handed = result.passwords.into_iter().map(open).collect::<Result<_, Self::Error>>()?;
        Ok((result.user, Ok(handed)))
    }
}
