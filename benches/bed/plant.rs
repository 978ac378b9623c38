//! An engine with its pump over a store, as the daemon has it.

use super::instant_steps::InstantSteps;
use seatless::app::{SystemChance, SystemClock, SystemIds, TokioSpawner, TokioTimer};
use seatless::domain::{HolderId, Ids, Policy};
use seatless::engine::{Engine, EngineParts, Hints, Pump, PumpLimits, Stop};
use seatless::store::Store;
use std::sync::Arc;
use std::time::Duration;

/// A policy under which nothing waits.
pub(crate) fn hasty() -> Policy {
    Policy { settle: Duration::ZERO, seat_cool_down: Duration::ZERO, ..Policy::default() }
}

/// The pump, with the limits of the daemon, and the way to stop it.
pub(crate) fn pump(
    store: Arc<dyn Store>,
    clock: &Arc<SystemClock>,
    steps: Arc<InstantSteps>,
) -> (Pump<InstantSteps>, Stop) {
    let timer = Arc::new(TokioTimer);
    let engine = Engine::new(EngineParts {
        store,
        steps,
        clock: Arc::clone(clock) as Arc<_>,
        chance: Arc::new(SystemChance),
        timer: Arc::clone(&timer) as Arc<_>,
        policy: hasty(),
        holder: HolderId(SystemIds.fresh()),
        members_max: 100,
    });
    let pump = Pump {
        engine: Arc::new(engine),
        spawner: Arc::new(TokioSpawner),
        timer,
        hints: Hints::default(),
        chores: Vec::new(),
        pulse: Arc::new(()),
        limits: PumpLimits {
            groups_max: 64,
            level_check: Duration::from_secs(5),
            drain: Duration::from_secs(30),
        },
    };
    (pump, Stop::default())
}
