//! The `seatless` binary.

use std::process::ExitCode;

fn main() -> ExitCode {
    seatless::cli::main()
}
