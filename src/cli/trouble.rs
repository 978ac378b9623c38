//! What went wrong with a command, and how a person is told: one sentence, a hint, the code.

use super::exit::Exit;
use super::terminal::visible;
use crate::app::queries::BatchLookupError;
use crate::app::settings::SettingsError;
use crate::app::{LookupError, OrderError, SubmissionError, WiringError};
use crate::domain::{Code, Failure};
use crate::http::{DaemonError, SocketError};
use crate::store::StoreError;
use std::io::Write;

/// Why a command did not do what it was asked to do.
#[derive(Debug)]
pub(super) struct Trouble {
    pub(super) exit: Exit,
    lines: Vec<String>,
}

impl Trouble {
    /// The command line is at fault.
    pub(super) fn usage(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Usage, lines: vec![sentence.into()] }
    }

    /// Something else is.
    pub(super) fn failure(sentence: impl Into<String>) -> Self {
        Self { exit: Exit::Failure, lines: vec![sentence.into()] }
    }

    /// The same, with what to do about it.
    pub(super) fn hint(mut self, hint: impl AsRef<str>) -> Self {
        self.lines.push(format!("hint: {}", hint.as_ref()));
        self
    }

    /// The same, naming what it is about.
    pub(super) fn about(mut self, name: &str) -> Self {
        if let Some(sentence) = self.lines.first_mut() {
            *sentence = format!("{name}: {sentence}");
        }
        self
    }

    /// Tells it on standard error.
    pub(super) fn tell(&self) {
        let mut err = std::io::stderr().lock();
        for (place, line) in self.lines.iter().flat_map(|line| line.lines()).enumerate() {
            let prefix = if place == 0 { "error: " } else { "" };
            // Nobody is left to tell if standard error is closed.
            let _ = writeln!(err, "{prefix}{}", visible(line));
        }
    }
}

impl From<Failure> for Trouble {
    fn from(failure: Failure) -> Self {
        Self::failure(format!("{failure} [{}]", failure.code)).hint(failure.hint())
    }
}

impl From<StoreError> for Trouble {
    fn from(error: StoreError) -> Self {
        error.failure().into()
    }
}

impl From<DaemonError> for Trouble {
    fn from(error: DaemonError) -> Self {
        error.0.into()
    }
}

impl From<SocketError> for Trouble {
    fn from(error: SocketError) -> Self {
        error.failure().into()
    }
}

impl From<WiringError> for Trouble {
    fn from(error: WiringError) -> Self {
        Failure::new(Code::ConfigInvalid, error.to_string()).into()
    }
}

impl From<OrderError> for Trouble {
    fn from(error: OrderError) -> Self {
        match error {
            OrderError::Store(error) => error.into(),
            OrderError::Unknown(_) | OrderError::Inapplicable(_) => Self::failure(format!("{error}.")),
        }
    }
}

impl From<SettingsError> for Trouble {
    fn from(error: SettingsError) -> Self {
        let mut lines = Vec::new();
        for fault in &error.faults {
            lines.push(fault.to_string());
            lines.extend(fault.hint.iter().map(|hint| format!("  hint: {hint}")));
        }
        lines.push(format!("hint: {} [{}]", Code::ConfigInvalid.row().hint, Code::ConfigInvalid));
        Self { exit: Exit::Failure, lines }
    }
}

impl From<SubmissionError> for Trouble {
    fn from(error: SubmissionError) -> Self {
        match error {
            SubmissionError::Failed(failure) => failure.into(),
            SubmissionError::Faults(faults) => {
                let total = faults.total();
                let what = if total == 1 { "1 fault".to_owned() } else { format!("{total} faults") };
                let mut lines = vec![format!("{what}; nothing was submitted")];
                let mut last_hint = "";
                for fault in &faults.shown {
                    let sentence = fault.to_string();
                    // A hint that the sentence holds, or that was just given, only makes the list longer.
                    let hint =
                        Some(fault.hint()).filter(|hint| *hint != last_hint && !sentence.contains(hint));
                    lines.push(format!("{sentence} [{}]", fault.failure.code));
                    lines.extend(hint.map(|hint| format!("  hint: {hint}")));
                    last_hint = hint.unwrap_or(last_hint);
                }
                if faults.left_out > 0 {
                    lines.push(format!("… and {} more", faults.left_out));
                }
                Self { exit: Exit::Usage, lines }
            }
        }
    }
}

impl From<std::io::Error> for Trouble {
    fn from(error: std::io::Error) -> Self {
        // Whoever read our output has seen enough, as `head` does; that is no trouble at all.
        if error.kind() == std::io::ErrorKind::BrokenPipe {
            return Self { exit: Exit::Ok, lines: Vec::new() };
        }
        Self::failure(error.to_string())
    }
}

impl From<csv::Error> for Trouble {
    fn from(error: csv::Error) -> Self {
        match error.into_kind() {
            csv::ErrorKind::Io(error) => error.into(),
            kind => Self::failure(format!("the values cannot be written as CSV: {kind:?}")),
        }
    }
}

impl From<LookupError> for Trouble {
    fn from(error: LookupError) -> Self {
        match error {
            LookupError::Store(error) => error.into(),
            LookupError::Unknown(_) | LookupError::Ambiguous { .. } => {
                Self::usage(format!("{error}.")).hint("`seatless list -o csv` shows the ids and names")
            }
        }
    }
}

impl From<BatchLookupError> for Trouble {
    fn from(error: BatchLookupError) -> Self {
        match error {
            BatchLookupError::Store(error) => error.into(),
            BatchLookupError::NoneYet => {
                Self::usage(error.to_string()).hint("submit a list with `seatless submit FILE`")
            }
            BatchLookupError::Unknown(_) | BatchLookupError::Ambiguous { .. } => Self::usage(
                error.to_string(),
            )
            .hint("give its id, the first characters of it, or latest; `seatless list --batches` shows them"),
        }
    }
}
