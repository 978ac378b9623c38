//! The simulator as a function from request to response.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use chrono::{DateTime, Utc};
use http::{Request, Response};
use serde_json::Value;

use super::call::Call;
use super::clock::{Clock, Timescale};
use super::cloud::{Cloud, Draws, Violation};
use super::control::{self, Act, ActError};
use super::delays::Delays;
use super::faults::Faults;
use super::ledger::LedgerEntry;
use super::pipeline::{Outcome, take_turn};
use super::route::{Target, target};
use super::world::{World, WorldError};

/// The connection was reset without an answer; whether the call was carried out is unknown to the caller.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Dropped;

impl std::fmt::Display for Dropped {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the connection was reset before an answer")
    }
}

impl std::error::Error for Dropped {}

/// Why a saved world cannot be loaded, or not be saved.
#[derive(Debug)]
pub struct SaveError(serde_json::Error);

impl std::fmt::Display for SaveError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "the saved world cannot be read or written: {}", self.0)
    }
}

impl std::error::Error for SaveError {}

/// Four Microsoft services over one world.
pub struct Simulator {
    clock: Arc<dyn Clock>,
    inner: Mutex<Inner>,
}

/// What one call at a time may touch.
pub(crate) struct Inner {
    /// The cloud.
    pub(crate) cloud: Cloud,
    /// Simulated time.
    pub(crate) time: Timescale,
}

/// A saved world.
#[derive(serde::Serialize, serde::Deserialize)]
struct Saved {
    simulated_at: DateTime<Utc>,
    cloud: Cloud,
}

impl Simulator {
    /// A simulator of a world. The same seed and the same calls in the same order give the same answers.
    ///
    /// # Errors
    /// When the world contradicts itself.
    pub fn new(
        world: &World,
        delays: Delays,
        faults: Faults,
        seed: u64,
        clock: Arc<dyn Clock>,
    ) -> Result<Self, WorldError> {
        world.check()?;
        let now = clock.now();
        let time = Timescale::new(now, now, delays.speed);
        let cloud = Cloud::build(world, delays, faults, seed, now);
        Ok(Self { clock, inner: Mutex::new(Inner { cloud, time }) })
    }

    /// Answers one request. The URI may be absolute (then its scheme and host count) or relative with a `Host` header.
    ///
    /// # Errors
    /// [`Dropped`] when a fault resets the connection.
    pub async fn respond(&self, request: Request<Bytes>) -> Result<Response<Bytes>, Dropped> {
        let call = Call::read(request);
        let (aim, latency) = {
            let mut inner = self.locked();
            let Inner { cloud, time } = &mut *inner;
            let aim = target(cloud, &call);
            let (min, max) = (cloud.delays.latency_min, cloud.delays.latency_max);
            let seconds = if aim == Target::Control { 0.0 } else { cloud.luck.between(min, max) };
            (aim, time.wire_seconds(seconds))
        };
        if aim == Target::Control {
            return Ok(control::answer(self, &call).into_response());
        }
        self.wait(latency).await;
        let Outcome { reply, pause, dropped } = {
            let mut inner = self.locked();
            take_turn(&mut inner, &call, &aim, self.clock.now())
        };
        self.wait(pause).await;
        let reply = if call.method == "HEAD" { reply.head() } else { reply };
        if dropped { Err(Dropped) } else { Ok(reply.into_response()) }
    }

    /// Entries of the ledger after a sequence number, in order.
    pub fn ledger(&self, after: u64) -> Vec<LedgerEntry> {
        self.settled().cloud.ledger.after(after).to_vec()
    }

    /// Counts of calls by service and kind.
    pub fn calls(&self) -> BTreeMap<String, BTreeMap<String, u64>> {
        self.locked().cloud.ledger.counts()
    }

    /// Everything there is (`GET /_simulator/state`).
    pub fn state(&self) -> Value {
        let inner = self.settled();
        control::state(&inner.cloud, inner.time.simulated(self.clock.now()))
    }

    /// What must never have happened: seats or slots oversold, one owner with two users.
    pub fn violations(&self) -> Vec<Violation> {
        self.settled().cloud.violations.clone()
    }

    /// The lags that chance has drawn so far.
    pub fn draws(&self) -> Draws {
        let inner = self.locked();
        Draws {
            views: inner.cloud.tenants.iter().flat_map(|tenant| tenant.drawn.clone()).collect(),
            rows: inner.cloud.environments.iter().flat_map(|environment| environment.drawn.clone()).collect(),
        }
    }

    /// Replaces the faults from now on; their count begins anew.
    pub fn set_faults(&self, faults: Faults) {
        let mut inner = self.locked();
        inner.cloud.faults = faults;
        inner.cloud.faults_struck = 0;
    }

    /// Lets a person interfere.
    ///
    /// # Errors
    /// When there is no such thing to change.
    pub fn act(&self, act: Act) -> Result<(), ActError> {
        let mut inner = self.settled();
        let wire = self.clock.now();
        let now = inner.time.simulated(wire);
        let done = inner.cloud.act(act, now, wire);
        inner.cloud.note_peaks();
        done
    }

    /// The world as it stands, as JSON; a write still under way is not in it.
    ///
    /// # Errors
    /// When it cannot be written as JSON.
    pub fn save(&self) -> Result<String, SaveError> {
        let inner = self.settled();
        let saved =
            Saved { simulated_at: inner.time.simulated(self.clock.now()), cloud: inner.cloud.clone() };
        serde_json::to_string(&saved).map_err(SaveError)
    }

    /// Goes on from a saved world; simulated time continues where it stood.
    ///
    /// # Errors
    /// When the text is not a saved world.
    pub fn load(&self, text: &str) -> Result<(), SaveError> {
        let Saved { simulated_at, cloud } = serde_json::from_str(text).map_err(SaveError)?;
        let mut inner = self.locked();
        inner.time = Timescale::new(self.clock.now(), simulated_at, cloud.delays.speed);
        inner.cloud = cloud;
        Ok(())
    }

    async fn wait(&self, seconds: f64) {
        if seconds > 0.0 {
            self.clock.sleep(Duration::from_secs_f64(seconds)).await;
        }
    }

    fn settled(&self) -> MutexGuard<'_, Inner> {
        let mut inner = self.locked();
        super::pipeline::settle(&mut inner, self.clock.now());
        inner
    }

    fn locked(&self) -> MutexGuard<'_, Inner> {
        // A turn that panicked has left a cloud that is still worth looking at.
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }
}
