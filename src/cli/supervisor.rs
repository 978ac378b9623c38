//! What the service manager is told, if one started us and listens: systemd's notify protocol (sd_notify(3)).

use crate::domain::Clock;
use crate::engine::{Doing, Pulse};
use sd_notify::NotifyState;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How often the state is told anew where no watchdog wants to hear more often.
const TELL_EVERY: Duration = Duration::from_secs(10);

/// How many signs of life fit into the time of the watchdog, at least: some may come late.
const SIGNS: u32 = 4;

/// Tells the service manager that the daemon is ready, that its loop goes round, what it is at, and that it stops. Without
/// a manager (`NOTIFY_SOCKET`) it tells nobody.
pub(super) struct Supervisor {
    clock: Arc<dyn Clock>,
    watchdog: Option<Duration>,
    told: Mutex<Told>,
}

#[derive(Default)]
struct Told {
    /// When, and what the loop was at.
    last: Option<(Duration, Doing)>,
    is_deaf: bool,
}

impl Supervisor {
    /// Whoever the environment names.
    pub(super) fn new(clock: Arc<dyn Clock>) -> Self {
        let watchdog = sd_notify::watchdog_enabled().filter(|time| !time.is_zero());
        Self { clock, watchdog, told: Mutex::default() }
    }

    /// How often the loop has to go round, if a watchdog waits for it (`WATCHDOG_USEC`).
    pub(super) fn beats_every(&self) -> Option<Duration> {
        self.watchdog.map(|watchdog| watchdog / SIGNS)
    }
}

impl Pulse for Supervisor {
    /// The first one says that we are ready, since the loop has then gone round once and claimed what was due.
    fn beat(&self, doing: Doing) {
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        let now = self.clock.elapsed();
        let before = told.last.map(|(_, before)| before);
        let is_news = before.is_none_or(|before| kind(before) != kind(doing));
        let every = self.beats_every().unwrap_or(TELL_EVERY);
        let is_due = told.last.is_none_or(|(at, _)| now.saturating_sub(at) >= every);
        // The loop goes round thousands of times a second when there is much to do.
        if !is_news && !is_due {
            return;
        }
        told.last = Some((now, doing));
        let status = status(doing);
        let mut states = vec![NotifyState::Status(&status)];
        if before.is_none() {
            states.push(NotifyState::Ready);
        }
        if is_news && matches!(doing, Doing::Stopping { .. }) {
            states.push(NotifyState::Stopping);
        }
        if self.watchdog.is_some() {
            states.push(NotifyState::Watchdog);
        }
        match sd_notify::notify(&states) {
            Ok(()) => told.is_deaf = false,
            Err(_) if told.is_deaf => {}
            Err(error) => {
                told.is_deaf = true;
                tracing::warn!("the service manager cannot be told how we are: {error}");
            }
        }
    }
}

/// A number for each kind of state: a change of it is told at once.
const fn kind(doing: Doing) -> u8 {
    match doing {
        Doing::Working { .. } => 0,
        Doing::OnACopy => 1,
        Doing::WithoutDatabase => 2,
        Doing::Stopping { .. } => 3,
    }
}

fn status(doing: Doing) -> String {
    match doing {
        Doing::Working { groups: 0 } => "waiting for what is due next".to_owned(),
        Doing::Working { groups } => format!("working; groups of requests in work: {groups}"),
        Doing::OnACopy => "works on nothing: the database may be a copy; see `seatless sweep`".to_owned(),
        Doing::WithoutDatabase => "waiting for the database, which is busy, full or away".to_owned(),
        Doing::Stopping { groups } => format!("stopping; groups of requests that may still end: {groups}"),
    }
}
