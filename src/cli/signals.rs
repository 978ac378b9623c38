//! SIGINT and SIGTERM: the first asks for a stop in good order, the second for one at once.

use crate::engine::Stop;
use tokio::signal::unix::{SignalKind, signal};

/// From this call on signals no longer end the process; what it gives back passes them on to `stop`, until the second one.
pub(super) fn watch(stop: Stop) -> std::io::Result<impl Future<Output = ()> + Send> {
    let mut terminate = signal(SignalKind::terminate())?;
    let mut interrupt = signal(SignalKind::interrupt())?;
    Ok(async move {
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
    })
}
