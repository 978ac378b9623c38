//! One thing that was looked at.

use crate::cloud::CallFailure;
use crate::domain::Code;
use serde::Serialize;

/// How it is with what was looked at.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Health {
    /// As it must be.
    Ok,
    /// It works, and somebody may want to know.
    Note,
    /// It could not be looked at.
    Unseen,
    /// There is no seat or slot left.
    Full,
    /// Work will stop here.
    Wrong,
    /// We are not let in, or lack a right.
    Forbidden,
}

/// One thing that was looked at, and what to do about it.
#[derive(Clone, Debug, Serialize)]
pub struct Finding {
    /// The tenant's name.
    pub tenant: String,
    /// The environment's name, if it is about one.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub environment: Option<String>,
    /// What was looked at, in kebab case.
    pub check: &'static str,
    /// How it is with it.
    pub health: Health,
    /// The same in a sentence.
    pub message: String,
    /// What to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remedy: Option<String>,
    /// The code of the refusal that showed it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub code: Option<&'static str>,
    /// The ids under which Microsoft's support finds the call.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remote_request_ids: Vec<String>,
}

/// Whose findings are written down.
#[derive(Clone, Copy)]
pub(super) struct About<'a> {
    pub(super) tenant: &'a str,
    pub(super) environment: Option<&'a str>,
}

impl About<'_> {
    /// A finding with nothing to be done about it.
    pub(super) fn finds(self, check: &'static str, health: Health, message: impl Into<String>) -> Finding {
        Finding {
            tenant: self.tenant.to_owned(),
            environment: self.environment.map(str::to_owned),
            check,
            health,
            message: message.into(),
            remedy: None,
            code: None,
            remote_request_ids: Vec::new(),
        }
    }

    /// The finding that a call was refused, or got no answer.
    pub(super) fn failed(self, check: &'static str, call: &CallFailure) -> Finding {
        let failure = &call.failure;
        let row = failure.code.row();
        let health = match failure.code {
            Code::RemoteUnavailable
            | Code::RemoteUnreadable
            | Code::RemoteThrottled
            | Code::SignInSourceUnavailable => Health::Unseen,
            Code::PowerPlatformEnvironmentUnknown | Code::SignInResourceUnknown => Health::Wrong,
            _ => Health::Forbidden,
        };
        Finding {
            remedy: Some(row.hint.to_owned()),
            code: Some(failure.code.as_str()),
            remote_request_ids: failure.remote_request_ids.clone(),
            ..self.finds(check, health, format!("{} {}", row.sentence, failure.message))
        }
    }
}

impl Finding {
    /// The same with what to do about it.
    pub(super) fn remedy(mut self, remedy: impl Into<String>) -> Self {
        self.remedy = Some(remedy.into());
        self
    }
}
