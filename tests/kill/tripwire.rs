//! The simulated cloud's clock, which sees every call before it is carried out, and kills at the one it was told.

use chrono::{DateTime, Utc};
use rustix::process::{Pid, Signal, kill_process};
use seatless::simulator::{Clock, Sleep, WallClock};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;
use tokio::sync::Notify;

/// Real time, with a wire across it. Every call sleeps its latency here, so every call is counted.
#[derive(Default)]
pub(crate) struct Tripwire {
    state: Mutex<State>,
    struck: Notify,
}

#[derive(Default)]
struct State {
    calls: u64,
    trap: Option<(u64, Pid)>,
}

impl Tripwire {
    /// Kills `process` so many calls from now, before that call is carried out.
    pub(crate) fn trap(&self, calls: u64, process: u32) {
        let mut state = self.locked();
        let pid = i32::try_from(process).ok().and_then(Pid::from_raw).expect("a process id");
        state.trap = Some((state.calls + calls, pid));
    }

    /// Takes the trap away; says whether it was still there.
    pub(crate) fn disarm(&self) -> bool {
        self.locked().trap.take().is_some()
    }

    /// Ends when the trap has struck.
    pub(crate) async fn struck(&self) {
        self.struck.notified().await;
    }

    pub(crate) fn calls(&self) -> u64 {
        self.locked().calls
    }

    fn count(&self) {
        let mut state = self.locked();
        state.calls += 1;
        if let Some((at, process)) = state.trap
            && at <= state.calls
        {
            state.trap = None;
            // The call goes on without its caller: it was sent, and nobody will hear the answer.
            kill_process(process, Signal::KILL).expect("our own child can be killed");
            self.struck.notify_one();
        }
    }

    fn locked(&self) -> std::sync::MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Clock for Tripwire {
    fn now(&self) -> DateTime<Utc> {
        WallClock.now()
    }

    fn sleep(&self, duration: Duration) -> Sleep {
        self.count();
        WallClock.sleep(duration)
    }
}
