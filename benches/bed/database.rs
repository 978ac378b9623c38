//! A database file of the product's own making, in a folder that goes when the bench does.

use seatless::app::host_name;
use seatless::domain::{Clock, Ids, StoreId};
use seatless::store::{OpenOptions, OwnerCard, SqliteStore};
use std::future::Future;
use std::path::Path;
use std::pin::Pin;

/// Opens the database as its owner; its writer runs as a task.
pub(crate) async fn open(path: &Path, clock: &dyn Clock, ids: &dyn Ids) -> SqliteStore {
    let card = OwnerCard {
        new_store: StoreId(ids.fresh()),
        new_incarnation: ids.fresh(),
        host: host_name(),
        since: clock.now(),
        program: "bench".to_owned(),
    };
    SqliteStore::open(OpenOptions::owner(path, card), std::sync::Arc::new(spawn)).await.expect("a database")
}

#[expect(clippy::disallowed_methods, reason = "the one place where the test bed spawns")]
fn spawn(task: Pin<Box<dyn Future<Output = ()> + Send>>) {
    drop(tokio::spawn(task));
}
