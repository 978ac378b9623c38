//! Background work beside the lanes: level checks that are called again and again, for ever.

use super::outages::{Outages, Trouble};
use super::pump::Ended;
use super::{Spawner, Stop, Timer};
use crate::store::StoreError;
use async_trait::async_trait;
use futures_util::FutureExt;
use std::panic::AssertUnwindSafe;
use std::sync::Arc;
use std::time::Duration;
use tokio::sync::mpsc::UnboundedSender;

/// One piece of background work. It takes no hint about what has changed: each call looks at what there is.
#[async_trait]
pub trait Chore: Send + Sync + 'static {
    /// Its name, for the log.
    fn name(&self) -> &'static str;

    /// Does what is due now, a bounded piece of it; says after what time it wants to be called again. What the cloud
    /// refuses is its own affair.
    ///
    /// # Errors
    /// The store's. A database that is busy, full or away is tried again, anything else stops the process.
    async fn tick(&self) -> Result<Duration, StoreError>;
}

/// Keeps a chore going until a stop is asked for; then tells the pump.
pub(super) fn keep_going(
    chore: Arc<dyn Chore>,
    spawner: &dyn Spawner,
    timer: Arc<dyn Timer>,
    stop: Stop,
    after_trouble: Duration,
    outages: Arc<Outages>,
    ended: UnboundedSender<Ended>,
) {
    spawner.spawn(Box::pin(async move {
        let mut result = Ok(());
        let mut trouble = Trouble::default();
        while !stop.is_asked() {
            let wait = match AssertUnwindSafe(chore.tick()).catch_unwind().await {
                Ok(Ok(wait)) => {
                    trouble.is_over();
                    wait
                }
                Ok(Err(error)) if error.is_passing() => {
                    tracing::debug!(chore = chore.name(), "called again: {error}");
                    trouble.note(&outages, &error);
                    after_trouble
                }
                Ok(Err(error)) => {
                    result = Err(error);
                    break;
                }
                Err(_) => {
                    tracing::error!(chore = chore.name(), "the chore panicked; it is called again");
                    after_trouble
                }
            };
            tokio::select! {
                biased;
                () = stop.asked() => {}
                () = timer.sleep(wait) => {}
            }
        }
        // The receiver is gone only when the pump has stopped; then nobody needs to know.
        let _ = ended.send(Ended::Chore(result));
    }));
}
