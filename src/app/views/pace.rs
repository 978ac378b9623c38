//! How fast requests settle, and what that says about the end.

use std::collections::VecDeque;
use std::time::Duration;

/// A pace that was watched for less than this says nothing.
const WATCHED_MIN: Duration = Duration::from_secs(5);

/// The recent pace: how many had settled at which time.
#[derive(Clone, Debug)]
pub struct Pace {
    window: Duration,
    samples: VecDeque<(Duration, u64)>,
}

impl Pace {
    /// A pace over the last `window`; before it nothing is remembered.
    pub fn over(window: Duration) -> Self {
        Self { window, samples: VecDeque::new() }
    }

    /// Notes that `settled` had settled at `at`, counted from any fixed point.
    pub fn note(&mut self, at: Duration, settled: u64) {
        self.samples.push_back((at, settled));
        // One sample from before the window stays, so that the window is covered.
        while self.samples.get(1).is_some_and(|(second, _)| *second + self.window <= at) {
            self.samples.pop_front();
        }
    }

    /// In how many seconds `remaining` more will have settled at this pace; unknown while nothing settles.
    pub fn seconds_left(&self, remaining: u64) -> Option<f64> {
        if remaining == 0 {
            return Some(0.0);
        }
        let ((first_at, first), (last_at, last)) = (self.samples.front()?, self.samples.back()?);
        let watched = last_at.checked_sub(*first_at).filter(|watched| *watched >= WATCHED_MIN)?;
        let settled = last.checked_sub(*first).filter(|settled| *settled > 0)?;
        Some((remaining as f64 * watched.as_secs_f64() / settled as f64).round())
    }
}
