//! SIGINT and SIGTERM: the first asks for a stop in good order, the second for one at once.

use crate::engine::Stop;
use tokio::signal::unix::{SignalKind, signal};

/// Passes signals on to `stop` until the second one.
pub(super) async fn watch(stop: Stop) -> std::io::Result<()> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    for round in 0..2 {
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        if round == 0 {
            tracing::info!("asked to stop; a second signal stops at once");
            stop.drain();
        } else {
            tracing::warn!("asked again; stopping at once");
            stop.at_once();
        }
    }
    Ok(())
}
