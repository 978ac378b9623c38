//! Why requests are blocked or have failed, grouped by what is to be done.

use super::who_can;
use crate::domain::{Code, Failure, Phase, Status, Who};
use crate::store::Member;
use serde::Serialize;
use std::collections::BTreeMap;

/// How many user names a reason names.
const NAMES_MAX: usize = 3;

/// One code, and the requests that stopped with it.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Reason {
    /// The code.
    pub code: Code,
    /// Blocked or failed.
    pub status: Status,
    /// How many requests stopped with it.
    pub requests: u64,
    /// What happened.
    pub sentence: &'static str,
    /// What to do about it.
    pub hint: &'static str,
    /// Who can do it.
    pub who: Who,
    /// What was special about the first of them.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub example: String,
    /// Some of them, as `name/environment`.
    pub names: Vec<String>,
}

impl Reason {
    /// Who can mend it, as the subject of a sentence.
    pub const fn who_can(&self) -> &'static str {
        who_can(self.who)
    }

    fn new(code: Code, status: Status, example: String) -> Self {
        let row = code.row();
        Self {
            code,
            status,
            requests: 0,
            sentence: row.sentence,
            hint: row.hint,
            who: row.who,
            example,
            names: Vec::new(),
        }
    }
}

/// Reasons in the making.
#[derive(Clone, Debug, Default)]
pub struct Reasons(BTreeMap<(Status, &'static str), Reason>);

impl Reasons {
    /// Counts a request in, if it is blocked or has failed.
    pub fn note(&mut self, member: &Member) {
        let Some((status, failure)) = stopped(member) else { return };
        let reason = self
            .0
            .entry((status, failure.code.as_str()))
            .or_insert_with(|| Reason::new(failure.code, status, failure.message.clone()));
        reason.requests += 1;
        if reason.names.len() < NAMES_MAX {
            let asked = &member.request.asked;
            reason.names.push(format!("{}/{}", asked.account.user_principal_name, asked.environment));
        }
    }

    /// All of them, the most frequent first.
    pub fn listed(self) -> Vec<Reason> {
        let mut reasons: Vec<Reason> = self.0.into_values().collect();
        reasons.sort_by_key(|reason| std::cmp::Reverse(reason.requests));
        reasons
    }
}

fn stopped(member: &Member) -> Option<(Status, &Failure)> {
    match &member.request.progress.phase {
        Phase::Blocked { failure, .. } => Some((Status::Blocked, failure)),
        Phase::Failed { failure } => Some((Status::Failed, failure)),
        Phase::Active { .. } | Phase::Succeeded | Phase::Cancelled => None,
    }
}
