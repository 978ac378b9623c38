//! A history as a person tells it: milestones with how long each took, and what repeats only once, with a count.

use super::{Entry, FailureView, Moment, Tone};
use crate::domain::{Direction, DriftChange, EventKind, Instant, State};
use crate::store::{Event, Origin};

/// How many remote request ids an entry that stands for many events keeps.
const REMOTE_IDS_MAX: usize = 5;

/// Tells a request's history, which is given in order.
pub fn timeline(events: &[Event]) -> Vec<Entry> {
    let mut teller = Teller::default();
    for event in events {
        teller.tell(event);
    }
    teller.entries
}

/// What is told so far, and what has to be known to understand the next event.
struct Teller {
    entries: Vec<Entry>,
    /// Where the entries begin that belong to the current milestone; what repeats is folded from here on.
    stay: usize,
    milestone_at: Option<Instant>,
    direction: Direction,
    blocked: bool,
}

impl Default for Teller {
    fn default() -> Self {
        Self {
            entries: Vec::new(),
            stay: 0,
            milestone_at: None,
            direction: Direction::Forward,
            blocked: false,
        }
    }
}

impl Teller {
    fn tell(&mut self, event: &Event) {
        match event.kind {
            EventKind::Begun | EventKind::Throttled | EventKind::Failed | EventKind::Rescued => {
                self.fold(event)
            }
            EventKind::Paused
            | EventKind::Resumed
            | EventKind::Swept
            | EventKind::HandedOver
            | EventKind::Acknowledged
            | EventKind::Destroyed
            | EventKind::Rotated => self.push(event, None),
            EventKind::Submitted => {
                self.push(event, None);
                self.milestone_at = Some(event.occurred_at);
            }
            EventKind::Checked
            | EventKind::Admitted
            | EventKind::Advanced
            | EventKind::Adopted
            | EventKind::Verified
            | EventKind::Drifted
            | EventKind::Unwound
            | EventKind::GivenUp
            | EventKind::Parked
            | EventKind::Blocked
            | EventKind::Regressed
            | EventKind::Retried
            | EventKind::Reopened
            | EventKind::Cancelled => self.milestone(event),
        }
    }

    fn milestone(&mut self, event: &Event) {
        let attempts = self.take_attempts(event);
        let waited = self.milestone_at.map(|since| seconds(since, event.occurred_at));
        self.blocked = match event.kind {
            EventKind::Blocked | EventKind::Parked => true,
            // What was blocked only by the removal of its license goes on by itself.
            EventKind::Advanced
            | EventKind::Adopted
            | EventKind::Retried
            | EventKind::Reopened
            | EventKind::Cancelled
            | EventKind::GivenUp => false,
            EventKind::Submitted
            | EventKind::Checked
            | EventKind::Admitted
            | EventKind::Begun
            | EventKind::Throttled
            | EventKind::Failed
            | EventKind::Regressed
            | EventKind::Paused
            | EventKind::Resumed
            | EventKind::Unwound
            | EventKind::Verified
            | EventKind::Drifted
            | EventKind::Rescued
            | EventKind::HandedOver
            | EventKind::Acknowledged
            | EventKind::Destroyed
            | EventKind::Rotated
            | EventKind::Swept => self.blocked,
        };
        if event.kind == EventKind::Cancelled {
            self.direction = Direction::Cancelling;
        } else if event.kind == EventKind::GivenUp {
            self.direction = Direction::GivingUp;
        }
        let is_order = matches!(event.kind, EventKind::Retried | EventKind::Reopened | EventKind::Cancelled);
        // Nobody waits for an account to drift.
        self.push(event, waited.filter(|_| !is_order && event.drift.is_none()));
        if let Some(entry) = self.entries.last_mut()
            && attempts > 1
        {
            entry.text = format!("{}, at attempt {attempts}", entry.text);
        }
        self.milestone_at = Some(event.occurred_at);
        self.stay = self.entries.len();
    }

    /// The attempts that led to a confirmed milestone go without saying; only how many they were is told.
    fn take_attempts(&mut self, event: &Event) -> u32 {
        let confirmed = matches!(
            event.kind,
            EventKind::Advanced | EventKind::Adopted | EventKind::Parked | EventKind::Unwound
        );
        if !confirmed || pulls_levers(event.from, self.direction, self.blocked) {
            return 0;
        }
        let stay = self.stay.min(self.entries.len());
        let begun = self.entries[stay..].iter().position(|entry| entry.kind == EventKind::Begun);
        begun.map_or(0, |place| self.entries.remove(stay + place).count)
    }

    fn fold(&mut self, event: &Event) {
        let code = event.failure.as_ref().map(|failure| failure.code);
        let stay = self.stay.min(self.entries.len());
        let earlier = self.entries[stay..].iter_mut().find(|entry| {
            entry.kind == event.kind
                && entry.state == event.to
                && entry.failure.as_ref().map(|failure| failure.code) == code
        });
        let Some(entry) = earlier else {
            return self.push(event, None);
        };
        entry.count += 1;
        entry.last_at = Some(Moment(event.occurred_at));
        // The latest one says best how it is now.
        entry.failure = event.failure.as_ref().map(FailureView::from);
        entry.remote_request_ids.extend(remote_ids(event));
        let surplus = entry.remote_request_ids.len().saturating_sub(REMOTE_IDS_MAX);
        entry.remote_request_ids.drain(..surplus);
    }

    fn push(&mut self, event: &Event, waited_seconds: Option<f64>) {
        let (text, tone) = self.words(event);
        self.entries.push(Entry {
            at: Moment(event.occurred_at),
            last_at: None,
            count: 1,
            kind: event.kind,
            state: event.to,
            text: match &event.drift {
                Some(change) => told_drift(text, change),
                None => text.to_owned(),
            },
            drift: event.drift.clone(),
            waited_seconds,
            actor: match event.actor.origin {
                Origin::Cli | Origin::Api => Some(event.actor.name.clone()),
                Origin::Engine | Origin::Sweep => None,
            },
            failure: event.failure.as_ref().map(FailureView::from),
            remote_request_ids: remote_ids(event),
            tone,
        });
    }

    fn words(&self, event: &Event) -> (&'static str, Tone) {
        match event.kind {
            EventKind::Submitted => ("Submitted", Tone::Person),
            EventKind::Checked => ("The environment can take it; its slot is reserved", Tone::Good),
            EventKind::Admitted => ("Its user was granted a seat", Tone::Good),
            EventKind::Begun => (begun(event.to, self.direction, self.blocked), Tone::Plain),
            EventKind::Advanced => (confirmed(event), Tone::Good),
            EventKind::Throttled => ("The service asked to slow down", Tone::Slow),
            EventKind::Failed => ("An attempt did not work out", Tone::Slow),
            EventKind::Blocked => ("Blocked until a person acts", Tone::Bad),
            EventKind::Regressed => ("The cloud was found behind what was confirmed", Tone::Slow),
            EventKind::Paused => ("Paused", Tone::Person),
            EventKind::Resumed => ("Resumed", Tone::Person),
            EventKind::Retried => ("Tried again", Tone::Person),
            EventKind::Cancelled => ("Called off", Tone::Person),
            EventKind::GivenUp => ("Given up, since nobody had acted on it", Tone::Bad),
            EventKind::Unwound => ("Everything taken was given back", Tone::Plain),
            EventKind::Parked => ("Still blocked, so its license was taken back", Tone::Slow),
            EventKind::Verified => ("Verified: the account is as it was asked for", Tone::Good),
            EventKind::Drifted => ("No longer as it was delivered", Tone::Bad),
            EventKind::Reopened => ("To be brought back to what was asked for", Tone::Person),
            EventKind::Adopted => ("An existing user was made the account", Tone::Good),
            EventKind::Swept => {
                ("A license of ours that nobody waited for was found and taken back", Tone::Slow)
            }
            EventKind::Rescued => ("Taken over from a process that had ended", Tone::Plain),
            EventKind::HandedOver => ("The password was handed over, sealed", Tone::Person),
            EventKind::Acknowledged => ("The password has arrived; it is destroyed here", Tone::Person),
            EventKind::Destroyed => ("A sealed password that is not in use was destroyed", Tone::Plain),
            EventKind::Rotated => ("The user has a new password", Tone::Person),
        }
    }
}

/// What was found at an account that had been finished.
fn told_drift(text: &str, change: &DriftChange) -> String {
    let drifts: Vec<String> = change.after.iter().map(|drift| drift.failure().to_string()).collect();
    if drifts.is_empty() { format!("{text} again") } else { format!("{text}: {}", drifts.join(" ")) }
}

/// Whether a write begun here only hurries a wait along, instead of being the step itself.
fn pulls_levers(state: State, direction: Direction, blocked: bool) -> bool {
    state == State::Licensed && direction == Direction::Forward && !blocked
}

fn begun(state: State, direction: Direction, blocked: bool) -> &'static str {
    if blocked {
        return "Began to take the license back";
    }
    match (direction, state) {
        (Direction::Forward, State::Requested) => "Began to create the user",
        (Direction::Forward, State::Created) => "Began to assign the license",
        (Direction::Forward, State::Licensed) => "Asked for the user to be brought into the environment",
        (Direction::Forward, State::Propagated) => "Began to set the access mode",
        (Direction::Forward, State::NonInteractive) => "Began to take the license back",
        (Direction::Forward, State::Unlicensed) => "Began to verify the account",
        (Direction::Cancelling | Direction::GivingUp, State::Requested | State::Created) => {
            "Began to give back what was taken"
        }
        (
            Direction::Cancelling | Direction::GivingUp,
            State::Licensed | State::Propagated | State::NonInteractive | State::Unlicensed,
        ) => "Began to take the license back",
    }
}

fn confirmed(event: &Event) -> &'static str {
    // Backward there is only one milestone on the way: the license is gone.
    if event.to <= event.from {
        return "The license is taken back";
    }
    match event.to {
        State::Requested => "Requested",
        State::Created => "The user exists",
        State::Licensed => "The user holds the license",
        State::Propagated => "The environment knows the user",
        State::NonInteractive => "The access mode is Non-interactive",
        State::Unlicensed => "The license is taken back",
    }
}

fn remote_ids(event: &Event) -> Vec<String> {
    let mut ids = event.remote_request_ids.clone();
    for id in event.failure.iter().flat_map(|failure| &failure.remote_request_ids) {
        if !ids.contains(id) {
            ids.push(id.clone());
        }
    }
    ids
}

fn seconds(since: Instant, until: Instant) -> f64 {
    (until - since).to_std().unwrap_or_default().as_secs_f64()
}
