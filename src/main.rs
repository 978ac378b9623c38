//! The `seatless` binary.

fn main() {}
