//! What the log says: which row of the table of answers decided.

use std::cell::RefCell;
use std::fmt::Debug;
use std::sync::OnceLock;
use tracing::Metadata;
use tracing::field::{Field, Visit};
use tracing::subscriber::Interest;
use tracing_subscriber::layer::{Context, Layer, SubscriberExt};

thread_local! {
    static NAMED: RefCell<Vec<String>> = const { RefCell::new(Vec::new()) };
}

/// Keeps the rows that events of each thread name. One for the whole process: what one of several subscribers wants to
/// hear is not reliably remembered.
struct Rows;

/// From now on rows are kept; the test must stay on its thread.
pub(crate) fn listen() {
    static LISTENS: OnceLock<()> = OnceLock::new();
    LISTENS.get_or_init(|| {
        let subscriber = tracing_subscriber::registry().with(Rows);
        tracing::subscriber::set_global_default(subscriber).expect("the only log of this process");
    });
    take_rows();
}

/// The rows that were named on this thread since the last time.
pub(crate) fn take_rows() -> Vec<String> {
    NAMED.take()
}

impl<S: tracing::Subscriber> Layer<S> for Rows {
    fn register_callsite(&self, metadata: &'static Metadata<'static>) -> Interest {
        if metadata.fields().field("row").is_some() { Interest::always() } else { Interest::never() }
    }

    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        struct Row;
        impl Visit for Row {
            fn record_str(&mut self, field: &Field, value: &str) {
                if field.name() == "row" {
                    NAMED.with_borrow_mut(|named| named.push(value.to_owned()));
                }
            }
            fn record_debug(&mut self, _: &Field, _: &dyn Debug) {}
        }
        event.record(&mut Row);
    }
}
