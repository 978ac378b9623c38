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
}

impl Tricks {
    pub(crate) fn new(wire: Arc<dyn Transport>, simulator: Arc<Simulator>) -> Self {
        Self { wire, simulator, calls: AtomicU64::new(0), chosen: Mutex::new(None) }
    }

    pub(crate) fn play(&self, call: u64, trick: Trick) {
        *self.chosen.lock().unwrap_or_else(PoisonError::into_inner) = Some((call, trick));
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
                let _ = self.wire.send(request).await;
                self.wire.send(again).await
            }
        }
    }
}
