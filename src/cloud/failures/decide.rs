//! Finds the row of the table that an answer belongs to.

use super::answer_row::{AnswerRow, Speaker};
use super::rows::rows_of;
use super::ruling::{Already, Ruling};
use super::said::Said;
use crate::cloud::answer::Answer;
use crate::domain::Code;

/// What an answer means, and the row that says so.
#[derive(Clone, Copy)]
pub(super) struct Decision {
    pub(super) means: Ruling,
    row: Option<&'static AnswerRow>,
}

/// The first row that matches.
pub(super) fn decide(speaker: Speaker, answer: &Answer) -> Decision {
    let said = Said::read(speaker, answer);
    let row = rows_of(speaker).find(|row| row.matches(&said));
    // The last rows match whatever is left; without one, nothing is known.
    Decision { means: row.map_or(Ruling::Unreadable, |row| row.means), row }
}

impl Decision {
    /// Tells the log which row decided: loudly where nobody has told us what such an answer looks like. Nothing of the
    /// answer's own words is in it, which may name people; they stand in the history of the request.
    pub(super) fn note(&self, speaker: Speaker, answer: &Answer) {
        let (status, request_ids) = (answer.status.as_u16(), &answer.request_ids);
        let row = self.row.map_or("none", |row| row.name);
        if self.row.is_some_and(|row| row.confirmed) {
            tracing::debug!(service = speaker.as_str(), row, status, ?request_ids, "not a success");
        } else {
            tracing::warn!(
                service = speaker.as_str(),
                row,
                status,
                ?request_ids,
                "an answer that no source confirms"
            );
        }
    }
}

/// Whether a refusal of Graph only says that `already` holds, for the calls that are content with that.
pub(crate) fn holds(answer: &Answer, already: Already) -> bool {
    let decision = decide(Speaker::Graph, answer);
    let says_so = decision.means == Ruling::Already(already);
    if says_so {
        decision.note(Speaker::Graph, answer);
    }
    says_so
}

/// Whether a refusal of `addUser` only says that Power Platform does not see the license yet.
pub(crate) fn is_not_licensed_yet(answer: &Answer) -> bool {
    let decision = decide(Speaker::PowerPlatform, answer);
    let says_so = decision.means == Ruling::Refused(Code::PowerPlatformNotLicensedYet);
    if says_so {
        decision.note(Speaker::PowerPlatform, answer);
    }
    says_so
}

/// Whether Dataverse says that the caller, who may be impersonated, is known but has no role.
pub(crate) fn is_roleless(answer: &Answer) -> bool {
    let decision = decide(Speaker::Dataverse, answer);
    let says_so = decision.row.is_some_and(|row| row.name == "UserNotAssignedRoles");
    if says_so {
        decision.note(Speaker::Dataverse, answer);
    }
    says_so
}
