//! Kills the daemon at calls that a seed chooses, again and again.

use super::daemon::DaemonProcess;
use crate::app::TokioTimer;
use crate::cli::trouble::Trouble;
use crate::engine::Timer;
use crate::simulator::Simulator;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::time::Duration;
use tokio_util::sync::CancellationToken;

/// How often the ledger is looked at.
const LOOK: Duration = Duration::from_millis(5);
/// How many looks without a new call are enough of a pause to be worth a crash, too.
const QUIET_LOOKS: u32 = 400;

/// Kills the daemon `times` times, each after a number of further calls that chance decides, and starts it again.
/// Ends early when `over` says so; says how often it did it.
pub(super) async fn torment(
    daemon: &mut DaemonProcess,
    simulator: &Simulator,
    times: u32,
    seed: u64,
    over: &CancellationToken,
) -> Result<u32, Trouble> {
    let mut chance = StdRng::seed_from_u64(seed);
    for done in 0..times {
        let gap = chance.random_range(1..=24);
        if !wait_for_calls(simulator, gap, over).await {
            return Ok(done);
        }
        daemon.crash().await?;
    }
    Ok(times)
}

/// Whether so many further calls came, or none for a while, before it was over.
async fn wait_for_calls(simulator: &Simulator, gap: u64, over: &CancellationToken) -> bool {
    let target = calls(simulator) + gap;
    let (mut last, mut quiet) = (0, 0);
    while !over.is_cancelled() {
        let now = calls(simulator);
        quiet = if now == last { quiet + 1 } else { 0 };
        last = now;
        if now >= target || quiet >= QUIET_LOOKS {
            return true;
        }
        TokioTimer.sleep(LOOK).await;
    }
    false
}

fn calls(simulator: &Simulator) -> u64 {
    simulator.calls().values().flat_map(|kinds| kinds.values()).sum()
}
