//! One row of the table of answers: how an answer is recognized, and what it means.

use super::ruling::{Already, Ruling};
use super::said::{Said, normalized};
use crate::domain::Code;

/// Who gives an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Speaker {
    /// The token endpoint of Microsoft Entra.
    Entra,
    /// Microsoft Graph.
    Graph,
    /// The Web API of a Dataverse environment.
    Dataverse,
    /// The administration of Power Platform.
    PowerPlatform,
    /// Any of them, or a gateway or proxy before them.
    Anybody,
}

impl Speaker {
    /// The speaker's name.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Entra => "Microsoft Entra",
            Self::Graph => "Microsoft Graph",
            Self::Dataverse => "Dataverse",
            Self::PowerPlatform => "Power Platform",
            Self::Anybody => "any service",
        }
    }
}

/// Which code of the service's own makes a row match.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Word {
    /// Whatever the code is, or without any.
    Any,
    /// This one, in any case of letters: Entra's number or `error`, Graph's or Power Platform's `code` (or
    /// `code:target` of a detail), Dataverse's code as eight hex digits.
    Is(&'static str),
    /// The answer has no error body of the service: it is a page of something before it.
    NoErrorBody,
}

/// One kind of answer that is no success. Rows are tried in the order of the table, and the first that matches decides.
#[derive(Clone, Copy, Debug)]
pub struct AnswerRow {
    /// What the row is called in the log.
    pub name: &'static str,
    /// Who answers so.
    pub speaker: Speaker,
    /// The HTTP statuses, as ranges from and to.
    pub statuses: &'static [(u16, u16)],
    /// The service's own code.
    pub word: Word,
    /// What the message holds, in lower case; empty for anything. Only where the service has no code for the case.
    pub says: &'static str,
    /// Why the service answers so, in one plain sentence.
    pub cause: &'static str,
    /// Where this is documented, or was seen.
    pub source: &'static str,
    /// Whether status and code are known for certain; where they are not, little is asked of the answer, and it is logged.
    pub confirmed: bool,
    pub(super) means: Ruling,
}

/// Every status.
pub(super) const ANY: &[(u16, u16)] = &[(0, 999)];
/// The statuses of a refusal.
pub(super) const REFUSAL: &[(u16, u16)] = &[(400, 499), (501, 501)];

impl AnswerRow {
    /// A row that matches any answer of `statuses`, until told to be choosier.
    pub(super) const fn new(
        speaker: Speaker,
        name: &'static str,
        statuses: &'static [(u16, u16)],
        means: Ruling,
        cause: &'static str,
        source: &'static str,
    ) -> Self {
        Self { name, speaker, statuses, word: Word::Any, says: "", cause, source, confirmed: true, means }
    }

    /// Only with this code.
    pub(super) const fn code(mut self, code: &'static str) -> Self {
        self.word = Word::Is(code);
        self
    }

    /// Only without an error body.
    pub(super) const fn bare(mut self) -> Self {
        self.word = Word::NoErrorBody;
        self
    }

    /// Only with this in the message, in lower case.
    pub(super) const fn says(mut self, fragment: &'static str) -> Self {
        self.says = fragment;
        self
    }

    /// No source settles it.
    pub(super) const fn unconfirmed(mut self) -> Self {
        self.confirmed = false;
        self
    }

    /// Whether `said` is an answer of this kind.
    pub(super) fn matches(&self, said: &Said) -> bool {
        let status = self.statuses.iter().any(|(from, to)| (*from..=*to).contains(&said.status));
        let word = match self.word {
            Word::Any => true,
            Word::Is(code) => said.codes.iter().any(|said| said.eq_ignore_ascii_case(code)),
            Word::NoErrorBody => !said.has_error_body,
        };
        status && word && said.text.contains(self.says)
    }

    /// Whether somebody may mean this row by `name`: what the log calls it, or the service's own code, however it is written.
    pub fn is_called(&self, name: &str) -> bool {
        let bare = name.strip_prefix("AADSTS").unwrap_or(name);
        let by_code = |code: &str| {
            let number = (self.speaker == Speaker::Dataverse).then(|| normalized(name)).flatten();
            code.eq_ignore_ascii_case(bare) || (number.is_some() && number == normalized(code))
        };
        self.name.eq_ignore_ascii_case(name) || matches!(self.word, Word::Is(code) if by_code(code))
    }

    /// The codes that a failure of this kind has: of a read, and of a write where it differs. None where the refusal says
    /// that what was asked for holds already.
    pub fn codes(&self) -> &'static [Code] {
        self.means.codes()
    }

    /// The statuses, such as `403` or `500 to 599`; empty for any.
    pub fn statuses_text(&self) -> String {
        if self.statuses == ANY {
            return String::new();
        }
        let one = |(from, to): &(u16, u16)| {
            if from == to { from.to_string() } else { format!("{from} to {to}") }
        };
        self.statuses.iter().map(one).collect::<Vec<_>>().join(", ")
    }

    /// What becomes of the call, beside the code.
    pub fn effect(&self) -> &'static str {
        match self.means {
            Ruling::Refused(_) => "refused",
            Ruling::Absent(_) => "taken as one sign that the object is not there",
            Ruling::Throttled => "sent again as late as the service asks",
            Ruling::Transient => "repeated, a write after a look, since it may have landed",
            Ruling::NotReached => "repeated, since nothing was sent",
            Ruling::Unreadable => "repeated some times, a write after a look, since it may have landed",
            Ruling::Already(Already::LicenseGone) => "taken for done: the license is gone",
            Ruling::Already(Already::Joined) => "taken for done: the user is a member",
            Ruling::Already(Already::Left) => "taken for done: the user is no member",
        }
    }
}
