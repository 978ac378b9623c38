//! What an answer says, brought into one form whoever says it.

use super::Complaint;
use super::answer_row::Speaker;
use super::entra_refusal::EntraRefusal;
use crate::cloud::answer::Answer;

/// What the rows of the table look at.
pub(crate) struct Said {
    pub(super) status: u16,
    /// Every code in the answer: the service's own, those of details as `code:target` and alone, Entra's numbers.
    pub(super) codes: Vec<String>,
    /// The message in lower case; of Power Platform the whole body, whose shape is not settled (API notes §4.1).
    pub(super) text: String,
    pub(super) has_error_body: bool,
}

impl Said {
    pub(super) fn read(speaker: Speaker, answer: &Answer) -> Self {
        let status = answer.status.as_u16();
        if speaker == Speaker::Entra {
            return Self::of_entra(status, EntraRefusal::read(&answer.body).as_ref());
        }
        let complaint = Complaint::read(&answer.body);
        let whole = || String::from_utf8_lossy(&answer.body).to_lowercase();
        let Some(complaint) = complaint else {
            let text = if speaker == Speaker::PowerPlatform { whole() } else { String::new() };
            return Self { status, codes: Vec::new(), text, has_error_body: false };
        };
        let mut codes = vec![
            match speaker {
                Speaker::Dataverse => normalized(&complaint.code).map(|code| format!("0x{code:08x}")),
                Speaker::Entra | Speaker::Graph | Speaker::PowerPlatform | Speaker::Anybody => None,
            }
            .unwrap_or_else(|| complaint.code.clone()),
        ];
        for (code, target) in &complaint.details {
            codes.push(format!("{code}:{target}"));
            codes.push(code.clone());
        }
        let text = if speaker == Speaker::PowerPlatform { whole() } else { complaint.message.to_lowercase() };
        Self { status, codes, text, has_error_body: true }
    }

    fn of_entra(status: u16, refusal: Option<&EntraRefusal>) -> Self {
        // Entra asks clients never to look at its description, so there is no text.
        let codes = refusal.map(|it| {
            it.error_codes.iter().map(u32::to_string).chain([it.error.clone()]).collect::<Vec<_>>()
        });
        let has_error_body = codes.is_some();
        Self { status, codes: codes.unwrap_or_default(), text: String::new(), has_error_body }
    }
}

/// Dataverse's code as a number: it is written as hex in any case, and sometimes as a signed decimal (API notes §3.1).
/// `None` for the empty code and for zero, which stand for "no code".
pub(crate) fn normalized(text: &str) -> Option<u32> {
    let text = text.trim();
    let code = match text.strip_prefix("0x").or_else(|| text.strip_prefix("0X")) {
        Some(hex) => u32::from_str_radix(hex, 16).ok()?,
        None => {
            let number: i64 = text.parse().ok()?;
            u32::try_from(number).or_else(|_| i32::try_from(number).map(i32::cast_unsigned)).ok()?
        }
    };
    (code != 0).then_some(code)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_code_is_the_same_however_it_is_written() {
        for text in ["0x80072322", "0X80072322", "-2147015902", "2147951394"] {
            assert_eq!(normalized(text), Some(0x8007_2322), "{text}");
        }
        for text in ["", "0x0", "0", "banana", "0x", "-99999999999"] {
            assert_eq!(normalized(text), None, "{text}");
        }
    }
}
