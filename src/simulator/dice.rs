//! Chance from one seed; its whole state is one number, so a saved world goes on with the same rolls.

use chrono::TimeDelta;
use serde::{Deserialize, Serialize};
use uuid::Uuid;

/// A seeded stream of rolls (SplitMix64).
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct Dice {
    state: u64,
}

impl Dice {
    /// The stream of a seed.
    pub(crate) fn new(seed: u64) -> Self {
        Self { state: seed }
    }

    /// The next number of the stream.
    pub(crate) fn number(&mut self) -> u64 {
        self.state = self.state.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut z = self.state;
        z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        z ^ (z >> 31)
    }

    /// A fraction in `0.0 .. 1.0`.
    pub(crate) fn fraction(&mut self) -> f64 {
        (self.number() >> 11) as f64 / (1u64 << 53) as f64
    }

    /// True with the given probability; an impossible event costs no roll, so switching one fault on moves no other.
    pub(crate) fn chance(&mut self, probability: f64) -> bool {
        probability > 0.0 && self.fraction() < probability
    }

    /// A number between two bounds; equal bounds cost no roll.
    pub(crate) fn between(&mut self, min: f64, max: f64) -> f64 {
        if max <= min { min } else { min + self.fraction() * (max - min) }
    }

    /// A duration between two bounds in seconds.
    pub(crate) fn span(&mut self, min_seconds: f64, max_seconds: f64) -> TimeDelta {
        TimeDelta::milliseconds((self.between(min_seconds, max_seconds) * 1000.0) as i64)
    }

    /// An index below `count`, which is at least one.
    pub(crate) fn index(&mut self, count: usize) -> usize {
        (self.number() % count.max(1) as u64) as usize
    }

    /// A version 4 identifier.
    pub(crate) fn uuid(&mut self) -> Uuid {
        let (high, low) = (self.number(), self.number());
        uuid::Builder::from_random_bytes(((u128::from(high) << 64) | u128::from(low)).to_be_bytes())
            .into_uuid()
    }
}
