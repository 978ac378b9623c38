//! Chance that depends on the seed and the place only: leaving one thing out of a run moves no other roll.

/// The rolls of one seed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Chance {
    pub(crate) seed: u64,
}

/// What a roll is for; each kind has its own stream.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum For {
    Mix,
    Turn,
    Kill,
    Death,
    Pause,
    PauseLength,
    Person,
    PersonKind,
    Order,
    OrderKind,
    Latency,
    Restart,
    Mend,
    Race,
    Setback,
    Late,
    Disagreement,
}

impl Chance {
    /// The number for a kind at a place.
    pub(crate) fn number(self, kind: For, place: u64) -> u64 {
        let mixed = self.seed.wrapping_mul(0x9E37_79B9_7F4A_7C15)
            ^ place.wrapping_mul(0xD1B5_4A32_D192_ED03)
            ^ (kind as u64 + 1).wrapping_mul(0x8CB9_2BA7_2F3D_8DD7);
        let mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        let mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// A fraction in `0.0 .. 1.0`.
    pub(crate) fn fraction(self, kind: For, place: u64) -> f64 {
        (self.number(kind, place) >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with that probability.
    pub(crate) fn happens(self, kind: For, place: u64, probability: f64) -> bool {
        self.fraction(kind, place) < probability
    }

    /// An index below `count`, which is at least one.
    pub(crate) fn index(self, kind: For, place: u64, count: usize) -> usize {
        let count = u64::try_from(count.max(1)).unwrap_or(1);
        usize::try_from(self.number(kind, place) % count).unwrap_or_default()
    }

    /// One of a few things.
    pub(crate) fn one<T: Copy>(self, kind: For, place: u64, of: &[T]) -> T {
        of[self.index(kind, place, of.len())]
    }

    /// Between two bounds, short ones as likely as long ones.
    pub(crate) fn seconds(self, kind: For, place: u64, min: f64, max: f64) -> std::time::Duration {
        let exponent = self.fraction(kind, place);
        std::time::Duration::from_secs_f64(min * (max / min).powf(exponent))
    }
}
