//! What is next for a request, and when.

use super::{FailureView, Moment, doing, span};
use crate::domain::{Direction, Instant, Phase, Policy, Status, Step, Timer};
use crate::store::{LaneView, Request};
use serde::Serialize;

/// A place in the line for a seat, counted in users in the order of their turns.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct SeatPlace {
    /// The place; 1 is next.
    pub place: u64,
    /// How many wait in all.
    pub of: u64,
    /// About how many seconds from now its turn comes; absent where nothing tells.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub about_seconds: Option<u64>,
}

/// What matters for a request's next step beside its own row.
#[derive(Clone, Copy, Debug)]
pub struct Circumstances<'a> {
    /// How patient Seatless is.
    pub policy: &'a Policy,
    /// The lane of its step, if it is gated, in trouble or due.
    pub lane: Option<&'a LaneView>,
    /// Its place in the line for a seat, if it waits for one and somebody counted.
    pub seat_place: Option<SeatPlace>,
    /// Now.
    pub now: Instant,
}

/// What is next.
#[derive(Clone, Debug, PartialEq, Serialize)]
#[serde(tag = "kind", rename_all = "snake_case")]
pub enum Next {
    /// A worker has it right now.
    Working {
        /// What at.
        step: Step,
    },
    /// A step follows at a known time; one in the past means as soon as a worker is free.
    Due {
        /// Which.
        step: Step,
        /// When.
        at: Moment,
        /// When the wait is given up, for a wait that is.
        #[serde(skip_serializing_if = "Option::is_none")]
        gives_up_at: Option<Moment>,
        /// What went wrong last.
        #[serde(skip_serializing_if = "Option::is_none")]
        trouble: Option<FailureView>,
    },
    /// It waits for a seat.
    Seat {
        /// Of which license: the part number, or the product's id.
        license: String,
        /// Its place in the line.
        #[serde(flatten, skip_serializing_if = "Option::is_none")]
        place: Option<SeatPlace>,
        /// Why it waits although it had a seat once.
        #[serde(skip_serializing_if = "Option::is_none")]
        trouble: Option<FailureView>,
    },
    /// The whole lane of its step rests.
    Gated {
        /// Which step.
        step: Step,
        /// Until when.
        until: Moment,
        /// Why.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<FailureView>,
    },
    /// A person holds it.
    Paused,
    /// A person is needed.
    Blocked {
        /// Why.
        failure: FailureView,
        /// When the license is taken back if nobody acts.
        #[serde(skip_serializing_if = "Option::is_none")]
        license_returns_at: Option<Moment>,
    },
    /// Nothing more will be done.
    Ended {
        /// How it ended.
        status: Status,
        /// Why it failed.
        #[serde(skip_serializing_if = "Option::is_none")]
        failure: Option<FailureView>,
    },
}

/// What is next for a request.
pub fn next(request: &Request, around: Circumstances<'_>) -> Next {
    let progress = &request.progress;
    match &progress.phase {
        Phase::Succeeded => Next::Ended { status: Status::Succeeded, failure: None },
        Phase::Cancelled => Next::Ended { status: Status::Cancelled, failure: None },
        Phase::Failed { failure } => Next::Ended { status: Status::Failed, failure: Some(failure.into()) },
        Phase::Blocked { failure, seat_due, .. } => {
            Next::Blocked { failure: failure.into(), license_returns_at: seat_due.map(Moment) }
        }
        Phase::Active { .. } if progress.paused => Next::Paused,
        Phase::Active { timer: Timer::ForSeat, .. } => Next::Seat {
            license: license_of(request),
            place: around.seat_place,
            trouble: progress.trial.trouble.as_ref().map(FailureView::from),
        },
        Phase::Active { direction, timer: Timer::At(at) } => timed(request, *direction, *at, around),
    }
}

fn timed(request: &Request, direction: Direction, at: Instant, around: Circumstances<'_>) -> Next {
    let progress = &request.progress;
    let Some(step) = request.step else {
        return Next::Ended { status: progress.status(), failure: None };
    };
    if request.holder.is_some() {
        return Next::Working { step };
    }
    // A gate that opens before the request is due delays nothing.
    if let Some(lane) = around.lane
        && let Some(until) = lane.gate_until.filter(|until| *until > around.now && *until > at)
    {
        return Next::Gated {
            step,
            until: Moment(until),
            failure: lane.failure.as_ref().map(FailureView::from),
        };
    }
    let waits = step == Step::AwaitPropagation && direction == Direction::Forward;
    let gives_up_at = waits.then(|| Moment(progress.entered_at + around.policy.propagation_deadline));
    let trouble = progress.trial.trouble.as_ref().map(FailureView::from);
    Next::Due { step, at: Moment(at), gives_up_at, trouble }
}

impl Next {
    /// In a few words, for a table.
    pub fn brief(&self, now: Instant) -> String {
        match self {
            Self::Working { step } => format!("{} now", doing(*step)),
            Self::Due { step, at, .. } if at.0 <= now => format!("{} now", doing(*step)),
            Self::Due { step, at, .. } => format!("{} in {}", doing(*step), until(at.0, now)),
            Self::Seat { place: Some(SeatPlace { place, of, about_seconds }), .. } => {
                format!("waits for a seat, {place} of {of}{}", about(*about_seconds))
            }
            Self::Seat { place: None, .. } => "waits for a seat".to_owned(),
            Self::Gated { step, until: at, .. } => {
                format!("{} in {}, its lane rests", doing(*step), until(at.0, now))
            }
            Self::Paused => "paused".to_owned(),
            Self::Blocked { failure, .. } => format!("{}: {}", failure.code, failure.message),
            Self::Ended { failure: Some(failure), .. } => format!("{}: {}", failure.code, failure.message),
            Self::Ended { failure: None, .. } => String::new(),
        }
    }

    /// In sentences, for one request alone.
    pub fn sentences(&self, now: Instant) -> Vec<String> {
        match self {
            Self::Working { step } => vec![format!("A worker is {} right now.", doing(*step))],
            Self::Due { step, at, gives_up_at, trouble } => {
                let when = if at.0 <= now {
                    format!("due since {}", at.beside(Moment(now)))
                } else {
                    format!("at {}, in {}", at.beside(Moment(now)), until(at.0, now))
                };
                let mut lines = vec![format!("{}: {when}.", capital(doing(*step)))];
                lines.extend(gives_up_at.map(|at| format!("It is given up at {}.", at.to_the_second())));
                lines.extend(trouble.iter().map(last));
                lines
            }
            Self::Seat { license, place, trouble } => {
                let place = match place {
                    Some(SeatPlace { place, of, about_seconds }) => {
                        format!(": place {place} of {of}{}", about(*about_seconds))
                    }
                    None => String::new(),
                };
                let mut lines = vec![format!("It waits for a seat of {license}{place}.")];
                lines.extend(trouble.iter().map(last));
                lines
            }
            Self::Gated { step, until: at, failure } => {
                let mut lines = vec![format!(
                    "{}: its lane rests until {}, for {}.",
                    capital(doing(*step)),
                    at.beside(Moment(now)),
                    until(at.0, now)
                )];
                lines.extend(failure.iter().map(last));
                lines
            }
            Self::Paused => vec![
                "It is paused; nothing is begun until it is resumed. Its deadlines go on counting."
                    .to_owned(),
            ],
            Self::Blocked { license_returns_at, .. } => {
                let mut lines = vec!["Nothing, until a person acts.".to_owned()];
                lines.extend(
                    license_returns_at
                        .map(|at| format!("Its license is taken back at {}.", at.beside(Moment(now)))),
                );
                lines
            }
            Self::Ended { .. } => Vec::new(),
        }
    }
}

fn license_of(request: &Request) -> String {
    let license = request.asked.account.license;
    license.part_number().map_or_else(|| license.to_string(), str::to_owned)
}

fn about(seconds: Option<u64>) -> String {
    match seconds {
        None => String::new(),
        Some(0) => ", any moment".to_owned(),
        Some(seconds) => format!(", in about {}", span(roughly(seconds))),
    }
}

/// No finer than an estimate can be: minutes beyond the first one, quarters of an hour beyond the third hour.
pub fn roughly(seconds: u64) -> f64 {
    let step = match seconds {
        0..=59 => 10,
        60..=10_799 => 60,
        10_800.. => 900,
    };
    (seconds.div_ceil(step) * step) as f64
}

fn last(failure: &FailureView) -> String {
    format!("Last: {} [{}]", failure.message, failure.code)
}

fn until(at: Instant, now: Instant) -> String {
    span((at - now).to_std().unwrap_or_default().as_secs_f64().round())
}

fn capital(text: &str) -> String {
    let mut letters = text.chars();
    letters.next().map(|first| first.to_uppercase().chain(letters).collect()).unwrap_or_default()
}
