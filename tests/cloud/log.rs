//! What the log says: which row of the table of answers decided.

use std::fmt::Debug;
use std::sync::{Arc, Mutex};
use tracing::field::{Field, Visit};
use tracing::subscriber::DefaultGuard;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

/// Keeps the rows that are named by events of this thread.
#[derive(Clone, Default)]
pub(crate) struct Rows(Arc<Mutex<Vec<String>>>);

impl Rows {
    /// Listens until the guard is dropped.
    pub(crate) fn listen() -> (Self, DefaultGuard) {
        let rows = Self::default();
        let subscriber = tracing_subscriber::registry().with(rows.clone());
        (rows, tracing::subscriber::set_default(subscriber))
    }

    /// What was named since the last time.
    pub(crate) fn take(&self) -> Vec<String> {
        std::mem::take(&mut *self.0.lock().unwrap())
    }
}

impl<S: tracing::Subscriber> Layer<S> for Rows {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Row<'a>(&'a Rows);
        impl Visit for Row<'_> {
            fn record_str(&mut self, field: &Field, value: &str) {
                if field.name() == "row" {
                    self.0.0.lock().unwrap().push(value.to_owned());
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
        }
        event.record(&mut Row(self));
    }
}
