//! Something wrong with one chosen call, and with no other.

use async_trait::async_trait;
use bytes::Bytes;
use seatless::cloud::{Transport, TransportError};
use seatless::simulator::{Faults, Simulator};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

/// What befalls the call.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Trick {
    /// The cloud strikes.
    Strike(Box<Faults>),
    /// Somebody on the way delivers it twice; the second answer comes back.
    Twice,
}

/// The way to the wire.
pub(crate) struct Tricks {
    wire: Arc<dyn Transport>,
    simulator: Arc<Simulator>,
    calls: AtomicU64,
    chosen: Mutex<Option<(u64, Trick)>>,
    repeated: AtomicU64,
}

impl Tricks {
    pub(crate) fn new(wire: Arc<dyn Transport>, simulator: Arc<Simulator>) -> Self {
        let (calls, repeated) = (AtomicU64::new(0), AtomicU64::new(0));
        Self { wire, simulator, calls, chosen: Mutex::new(None), repeated }
    }

    pub(crate) fn play(&self, call: u64, trick: Trick) {
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Some((call, trick));
    }

    /// How many writes were delivered once more.
    pub(crate) fn repeated(&self) -> u64 {
        self.repeated.load(Ordering::Relaxed)
    }

    fn trick_for(&self, call: u64) -> Option<Trick> {
        let chosen = self.chosen.lock().unwrap_or_else(PoisonError::into_inner);
        chosen.as_ref().filter(|(at, _)| *at == call).map(|(_, trick)| trick.clone())
    }
}

#[async_trait]
impl Transport for Tricks {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        let call = self.calls.fetch_add(1, Ordering::Relaxed) + 1;
        match self.trick_for(call) {
            None => self.wire.send(request).await,
            Some(Trick::Strike(faults)) => {
                self.simulator.set_faults(*faults);
                let answer = self.wire.send(request).await;
                self.simulator.set_faults(Faults::default());
                answer
            }
            Some(Trick::Twice) => {
                let mut again = http::Request::builder().method(request.method()).uri(request.uri());
                for (name, value) in request.headers() {
                    again = again.header(name, value);
                }
                let again = again.body(request.body().clone()).expect("the same request");
                // Whoever delivers it twice keeps the first answer to himself.
                let seen = self.simulator.ledger(0).last().map_or(0, |entry| entry.sequence);
                let _ = self.wire.send(request).await;
                let writes = self.simulator.ledger(seen).iter().filter(|entry| entry.write).count();
                self.repeated.fetch_add(writes as u64, Ordering::Relaxed);
                self.wire.send(again).await
            }
        }
    }
}
