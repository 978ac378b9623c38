//! The config that `seatless init` writes.

/// A config file in which every key stands, documented and commented out at its default.
pub const TEMPLATE: &str = include_str!("../../../config/seatless.toml");
