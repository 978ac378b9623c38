//! What a code means: why it happens, what to do about it, who can, and which answers of Microsoft's services lead to it.

use crate::app::settings::nearest;
use crate::cloud::{AnswerRow, Word, answer_rows};
use crate::domain::{Code, Who};
use serde::Serialize;

/// One of our codes.
#[derive(Clone, Debug, Serialize)]
pub struct Explanation {
    /// The code.
    pub code: Code,
    /// What happened, in one plain sentence.
    pub message: &'static str,
    /// What to do about it.
    pub hint: &'static str,
    /// Who can do it.
    pub who: Who,
    /// Whether the same request may succeed later without anybody's help.
    pub retryable: bool,
}

/// One kind of answer of one service.
#[derive(Clone, Debug, Serialize)]
pub struct AnswerView {
    /// What the log calls it.
    pub name: &'static str,
    /// Who answers so.
    pub service: &'static str,
    /// The HTTP statuses, such as `400, 409` or `500 to 599`; absent for any.
    #[serde(skip_serializing_if = "String::is_empty")]
    pub status: String,
    /// The service's own code; absent for any.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub remote_code: Option<&'static str>,
    /// What the message holds, in any case of letters; absent for anything.
    #[serde(skip_serializing_if = "str::is_empty")]
    pub says: &'static str,
    /// Our codes for it: of a read, then of a write where it differs.
    #[serde(skip_serializing_if = "<[Code]>::is_empty")]
    pub codes: &'static [Code],
    /// What becomes of the call.
    pub effect: &'static str,
    /// Why the service answers so.
    pub cause: &'static str,
    /// Where that is documented, or was seen.
    pub source: &'static str,
    /// Whether status and code are known for certain.
    pub confirmed: bool,
}

/// Codes, and the answers that lead to them.
#[derive(Clone, Debug, Serialize)]
pub struct Explained {
    /// Our codes.
    pub codes: Vec<Explanation>,
    /// Answers of Microsoft's services.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub answers: Vec<AnswerView>,
}

impl From<Code> for Explanation {
    fn from(code: Code) -> Self {
        let row = code.row();
        Self { code, message: row.sentence, hint: row.hint, who: row.who, retryable: row.retryable }
    }
}

impl From<&'static AnswerRow> for AnswerView {
    fn from(row: &'static AnswerRow) -> Self {
        Self {
            name: row.name,
            service: row.speaker.as_str(),
            status: row.statuses_text(),
            remote_code: match row.word {
                Word::Is(code) => Some(code),
                Word::Any | Word::NoErrorBody => None,
            },
            says: row.says,
            codes: row.codes(),
            effect: row.effect(),
            cause: row.cause,
            source: row.source,
            confirmed: row.confirmed,
        }
    }
}

/// All codes, without their answers.
pub fn explain_all() -> Explained {
    Explained { codes: Code::ALL.iter().copied().map(Explanation::from).collect(), answers: Vec::new() }
}

/// What `text` means: a code of ours, or one of Microsoft's however it is written.
///
/// # Errors
/// The nearest known names, when it is none.
pub fn explain(text: &str) -> Result<Explained, Vec<&'static str>> {
    let text = text.trim();
    let ours = Code::ALL.iter().copied().find(|code| code.as_str().eq_ignore_ascii_case(text));
    let rows: Vec<&'static AnswerRow> = match ours {
        Some(code) => answer_rows().filter(|row| row.codes().contains(&code)).collect(),
        None => answer_rows().filter(|row| row.is_called(text)).collect(),
    };
    let mut codes: Vec<Code> = match ours {
        Some(code) => vec![code],
        None => rows.iter().flat_map(|row| row.codes()).copied().collect(),
    };
    let mut seen = Vec::new();
    codes.retain(|code| {
        !seen.contains(code) && {
            seen.push(*code);
            true
        }
    });
    if ours.is_none() && rows.is_empty() {
        return Err(nearest_names(text));
    }
    Ok(Explained {
        codes: codes.into_iter().map(Explanation::from).collect(),
        answers: rows.into_iter().map(AnswerView::from).collect(),
    })
}

/// By the whole code, or by what stands behind its area, which is what people remember.
fn nearest_names(text: &str) -> Vec<&'static str> {
    const SHOWN_MAX: usize = 3;
    let ours = || Code::ALL.iter().map(|code| code.as_str());
    let found = nearest(text, ours().chain(answer_rows().map(|row| row.name)), SHOWN_MAX);
    if !found.is_empty() {
        return ours().chain(answer_rows().map(|row| row.name)).filter(|name| found.contains(name)).collect();
    }
    let reason = |code: &'static str| code.split_once('.').map_or(code, |(_, reason)| reason);
    let found = nearest(text, ours().map(reason), SHOWN_MAX);
    ours().filter(|code| found.contains(&reason(code))).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_of_microsofts_is_known_however_it_is_written() {
        for (text, code) in [
            ("graph.no-seat", Code::GraphNoSeat),
            ("Graph.No-Seat", Code::GraphNoSeat),
            ("AADSTS7000215", Code::SignInSecretInvalid),
            ("7000215", Code::SignInSecretInvalid),
            ("0x80040220", Code::DataversePrivilegeMissing),
            ("0X80040220", Code::DataversePrivilegeMissing),
            ("-2147220960", Code::DataversePrivilegeMissing),
            ("privilegedenied", Code::DataversePrivilegeMissing),
            ("userNotLicensed", Code::PowerPlatformNotLicensedYet),
        ] {
            let explained = explain(text).unwrap();
            assert_eq!(explained.codes[0].code, code, "{text}");
            assert!(!explained.answers.is_empty(), "{text}");
        }
        assert_eq!(explain("store.locked").unwrap().answers.len(), 0, "no service answers so");
    }

    #[test]
    fn what_is_unknown_names_what_is_near() {
        assert_eq!(explain("graph.noseat").unwrap_err(), ["graph.no-seat"]);
        assert_eq!(explain("no-seats").unwrap_err(), ["graph.no-seat"]);
        assert!(explain("0xdeadbeef").unwrap_err().is_empty());
    }
}
