//! Colors with a meaning, on a terminal only.

use crate::app::views::Tone;
use crate::domain::Status;
use console::Style;
use std::io::IsTerminal;

/// Whether colors are shown, and what they mean.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Palette {
    on: bool,
}

impl Palette {
    /// For standard output: on a terminal, unless `NO_COLOR` is set; anywhere, if `CLICOLOR_FORCE` is.
    pub(in crate::cli) fn of_stdout() -> Self {
        Self::of(&std::io::stdout())
    }

    /// For standard error, by the same rules.
    pub(in crate::cli) fn of_stderr() -> Self {
        Self::of(&std::io::stderr())
    }

    fn of(stream: &impl IsTerminal) -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let forced =
            set("CLICOLOR_FORCE") && std::env::var_os("CLICOLOR_FORCE").is_some_and(|value| value != "0");
        let able = stream.is_terminal() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        Self { on: !set("NO_COLOR") && (forced || able) }
    }

    fn style(self) -> Style {
        Style::new().force_styling(self.on)
    }

    /// Ordinary text.
    pub(in crate::cli) fn plain(self) -> Style {
        self.style()
    }

    /// A heading.
    pub(in crate::cli) fn heading(self) -> Style {
        self.style().bold()
    }

    /// What matters less.
    pub(in crate::cli) fn faint(self) -> Style {
        self.style().dim()
    }

    /// What goes well.
    pub(in crate::cli) fn good(self) -> Style {
        self.style().green()
    }

    /// What is slower than hoped.
    pub(in crate::cli) fn slow(self) -> Style {
        self.style().yellow()
    }

    /// What needs a person.
    pub(in crate::cli) fn bad(self) -> Style {
        self.style().red()
    }

    /// What moves, or what a person did.
    pub(in crate::cli) fn lively(self) -> Style {
        self.style().cyan()
    }

    /// A status.
    pub(in crate::cli) fn status(self, status: Status) -> Style {
        match status {
            Status::Active => self.lively(),
            Status::Blocked | Status::Failed => self.bad(),
            Status::Succeeded => self.good(),
            Status::Cancelled => self.faint(),
        }
    }

    /// How something went.
    pub(in crate::cli) fn tone(self, tone: Tone) -> Style {
        match tone {
            Tone::Good => self.good(),
            Tone::Plain => self.plain(),
            Tone::Slow => self.slow(),
            Tone::Bad => self.bad(),
            Tone::Person => self.lively(),
        }
    }
}
