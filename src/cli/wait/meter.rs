//! What is shown while waiting, on standard error: bars on a terminal, now and then a line elsewhere.

use crate::app::views::{BatchProgress, span};
use crate::domain::{State, Status};
use indicatif::{MultiProgress, ProgressBar, ProgressDrawTarget, ProgressStyle};
use std::io::{IsTerminal, Write};
use std::time::Duration;

/// The shortest time between two lines where there is no terminal.
const LINE_EVERY: Duration = Duration::from_secs(10);

/// Shows how far it has come.
pub(super) enum Meter {
    Bars(Bars),
    Lines { last: Option<(Duration, BatchProgress)> },
}

/// A bar for all, one for each state in which something is, and one for each way to settle.
pub(super) struct Bars {
    multi: MultiProgress,
    all: ProgressBar,
    states: Vec<(State, ProgressBar)>,
    statuses: Vec<(Status, ProgressBar)>,
}

impl Meter {
    pub(super) fn new() -> Self {
        if std::io::stderr().is_terminal() { Self::Bars(Bars::new()) } else { Self::Lines { last: None } }
    }

    pub(super) fn show(&mut self, progress: &BatchProgress, waited: Duration) -> std::io::Result<()> {
        match self {
            Self::Bars(bars) => bars.show(progress),
            Self::Lines { last } => {
                let news = last.as_ref().is_none_or(|(at, shown)| {
                    (shown.by_status, shown.active_by_state) != (progress.by_status, progress.active_by_state)
                        && waited >= *at + LINE_EVERY
                });
                if news {
                    writeln!(std::io::stderr().lock(), "{}", line(progress))?;
                    *last = Some((waited, progress.clone()));
                }
            }
        }
        Ok(())
    }

    /// Leaves nothing behind on a terminal.
    pub(super) fn clear(self) {
        match self {
            Self::Bars(bars) => {
                // Nobody is left to look if the terminal is gone.
                let _ = bars.multi.clear();
            }
            Self::Lines { .. } => {}
        }
    }
}

impl Bars {
    fn new() -> Self {
        let multi = MultiProgress::with_draw_target(ProgressDrawTarget::stderr());
        let add = |name: &'static str, template: &str| {
            let style =
                ProgressStyle::with_template(template).unwrap_or_else(|_| ProgressStyle::default_bar());
            let bar = multi.add(ProgressBar::new(0));
            bar.set_style(style.progress_chars("█▉▊▋▌▍▎▏·"));
            bar.set_prefix(name);
            bar
        };
        let all = add("settled", "{prefix:>15} {bar:30.cyan/dim} {pos}/{len} {msg}");
        let states = State::ALL
            .iter()
            .map(|state| (*state, add(state.as_str(), "{prefix:>15.dim} {bar:30.dim/dim} {pos}")))
            .collect();
        let statuses = [(Status::Succeeded, "green"), (Status::Blocked, "red"), (Status::Failed, "red")]
            .map(|(status, color)| {
                (
                    status,
                    add(status.as_str(), &format!("{{prefix:>15.{color}}} {{bar:30.{color}/dim}} {{pos}}")),
                )
            })
            .into();
        Self { multi, all, states, statuses }
    }

    fn show(&self, progress: &BatchProgress) {
        let set = |bar: &ProgressBar, requests: u64| {
            bar.set_length(progress.requests.max(1));
            bar.set_position(requests);
        };
        self.all.set_message(match progress.estimated_seconds_left {
            Some(seconds) => format!("about {} left", span(seconds)),
            None => String::new(),
        });
        set(&self.all, progress.settled);
        self.states.iter().for_each(|(state, bar)| set(bar, progress.active_by_state.of(*state)));
        self.statuses.iter().for_each(|(status, bar)| set(bar, progress.by_status.of(*status)));
    }
}

/// One line: what has settled, and where the active ones are.
fn line(progress: &BatchProgress) -> String {
    let mut parts = vec![format!("{} of {} settled", progress.settled, progress.requests)];
    for status in [Status::Succeeded, Status::Blocked, Status::Failed, Status::Cancelled] {
        let requests = progress.by_status.of(status);
        if requests > 0 {
            parts.push(format!("{requests} {status}"));
        }
    }
    for state in State::ALL {
        let requests = progress.active_by_state.of(*state);
        if requests > 0 {
            parts.push(format!("{requests} at {state}"));
        }
    }
    if let Some(seconds) = progress.estimated_seconds_left {
        parts.push(format!("about {} left", span(seconds)));
    }
    parts.join(" · ")
}
