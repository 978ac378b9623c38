//! The watch over a finished account, as people and programs are shown it.

use super::Moment;
use crate::domain::{Code, Drift, Instant, State, Watch, Who};
use crate::store::DriftCount;
use serde::Serialize;

/// One way in which an account is no longer as it was delivered, and what to do about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftView {
    /// Which.
    pub code: Code,
    /// What was seen, in plain words.
    pub message: String,
    /// What to do about it.
    pub hint: &'static str,
    /// Who can do it.
    pub who: Who,
    /// Where the way begins anew if it is healed; absent if only a person can mend it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub heals_from: Option<State>,
}

impl From<&Drift> for DriftView {
    fn from(drift: &Drift) -> Self {
        let row = drift.kind.code().row();
        Self {
            code: drift.kind.code(),
            message: drift.failure().to_string(),
            hint: row.hint,
            who: row.who,
            heals_from: drift.kind.heals_from(),
        }
    }
}

/// What is known of a finished account since it succeeded.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct WatchView {
    /// When it succeeded.
    pub succeeded_at: Moment,
    /// How many looks were noted.
    pub looks: u32,
    /// When it was looked at last.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub looked_at: Option<Moment>,
    /// When it is looked at next.
    pub next_look_at: Moment,
    /// In what ways it differs from what was delivered.
    pub drifts: Vec<DriftView>,
    /// What the last looks did not find, while that is not believed yet.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub suspected: Option<Code>,
}

impl From<&Watch> for WatchView {
    fn from(watch: &Watch) -> Self {
        Self {
            succeeded_at: Moment(watch.succeeded_at),
            looks: watch.looks,
            looked_at: watch.looked_at.map(Moment),
            next_look_at: Moment(watch.due_at),
            drifts: watch.drifts.iter().map(DriftView::from).collect(),
            suspected: watch.evidence.map(|evidence| evidence.kind.code()),
        }
    }
}

impl WatchView {
    /// In sentences, for one request alone.
    pub fn sentences(&self, now: Instant) -> Vec<String> {
        let next = self.next_look_at.beside(Moment(now));
        let mut lines = vec![match self.looked_at {
            Some(at) => format!("Looked at last at {}, next at {next}.", at.beside(Moment(now))),
            None => format!("Looked at first at {next}."),
        }];
        for drift in &self.drifts {
            lines.push(format!("{} [{}]", drift.message, drift.code));
            lines.push(format!("To do ({}): {}", super::who_can(drift.who), drift.hint));
        }
        if let Some(code) = self.suspected {
            lines.push(format!("The last look did not find it; further ones will tell. [{code}]"));
        }
        lines
    }
}

/// How many accounts of an environment have drifted in one way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct DriftFigure {
    /// The tenant's name.
    pub tenant: String,
    /// The environment's name.
    pub environment: String,
    /// In which way.
    pub code: Code,
    /// How many; one that has drifted in several ways counts for each.
    pub accounts: u64,
}

impl From<DriftCount> for DriftFigure {
    fn from(count: DriftCount) -> Self {
        let DriftCount { tenant, environment, kind, accounts } = count;
        Self { tenant, environment, code: kind.code(), accounts }
    }
}

/// What a person's look at one account came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Verdict {
    /// It is as it was delivered.
    Healthy,
    /// It is not.
    Drifted,
    /// It could not be looked at.
    Unseen,
}
