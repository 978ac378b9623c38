//! How long to wait before the next attempt: the one place that knows the `backoff` crate.

use super::Policy;
use backoff::backoff::Backoff;
use std::time::Duration;

/// The delay before attempt `attempts + 1`: an exponential envelope from `retry_first` to `retry_last`, and a uniform
/// draw within it ("full jitter"), so that a crowd which failed together does not return together.
///
/// `chance` lies in `0.0 .. 1.0`. The crate's own jitter and its own clock stay switched off: both are global sources.
pub fn retry_delay(policy: &Policy, attempts: u32, chance: f64) -> Duration {
    retry_envelope(policy, attempts).mul_f64(chance.clamp(0.0, 1.0))
}

/// The longest delay that [`retry_delay`] can draw.
pub fn retry_envelope(policy: &Policy, attempts: u32) -> Duration {
    let mut sequence = backoff::ExponentialBackoffBuilder::new()
        .with_initial_interval(policy.retry_first)
        .with_max_interval(policy.retry_last)
        .with_multiplier(2.0)
        .with_randomization_factor(0.0)
        .with_max_elapsed_time(None)
        .build();
    // Beyond 40 doublings of a microsecond every envelope has reached any sensible last interval.
    (0..attempts.clamp(1, 40)).filter_map(|_| sequence.next_backoff()).last().unwrap_or(policy.retry_last)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_envelope_doubles_up_to_its_bound_and_is_deterministic() {
        let policy = Policy::default();
        let seconds: Vec<u64> = (1..=10).map(|n| retry_envelope(&policy, n).as_secs()).collect();
        assert_eq!(seconds, [2, 4, 8, 16, 32, 64, 128, 256, 300, 300]);
        assert_eq!(retry_envelope(&policy, 0), retry_envelope(&policy, 1));
        assert_eq!(retry_envelope(&policy, u32::MAX), Duration::from_secs(300));
    }

    #[test]
    fn jitter_draws_from_the_whole_envelope() {
        let policy = Policy::default();
        assert_eq!(retry_delay(&policy, 3, 0.0), Duration::ZERO);
        assert_eq!(retry_delay(&policy, 3, 0.5), Duration::from_secs(4));
    }
}
