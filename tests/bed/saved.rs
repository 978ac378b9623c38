//! Older states of the database, put back while the cloud stays where it is.

use super::guarded_store::Begun;
use super::judge::{Lost, adopts};
use super::rig::{Rig, person};
use super::seams::{CountedIds, SharedClock};
use super::submission::card;
use seatless::domain::{Clock, State};
use seatless::store::{Member, SqliteStore, SweepStanding};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;

/// A copy of the database, as it was at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(crate) file: PathBuf,
    pub(crate) accepted: u64,
}

/// Backs a database up beside itself.
pub(crate) async fn save(database: &Path, number: u32, accepted: u64) -> Saved {
    let file = database.with_file_name(format!("copy-{number}.db"));
    SqliteStore::back_up(database, &file).await.expect("a backup");
    Saved { file, accepted }
}

/// Puts a backup in the place of a database that its process has just left.
pub(crate) async fn put_back(
    store: &SqliteStore,
    database: &Path,
    saved: &Saved,
    ids: &CountedIds,
    clock: &SharedClock,
) {
    store.close().await.expect("the database can be closed");
    SqliteStore::put_back(database, &saved.file, &card(ids, clock))
        .await
        .expect("a backup that can be put back");
}

/// What the judge may no longer look for in the histories, once an older state is there.
pub(crate) fn forget(begun: &[Begun], members: &[Member], lost: &mut Vec<Lost>) {
    for begun in begun {
        if lost.iter().any(|lost| lost.intent == begun.intent.0) {
            continue;
        }
        let member = members.iter().find(|member| member.request.id == begun.request);
        let Some(member) = member else { continue };
        lost.push(Lost {
            intent: begun.intent.0,
            name: member.user.account.user_principal_name.to_string(),
            creates: begun.state == State::Requested,
            adopts: adopts(member),
        });
    }
}

impl Rig {
    /// Backs the database up.
    pub(crate) async fn save(&mut self) -> Saved {
        self.saves += 1;
        save(&self.database(), self.saves, self.judge.accepted).await
    }

    /// The process ends, somebody puts a backup back, and a new process starts. Nothing happens in the cloud.
    pub(crate) async fn put_back(&mut self, saved: &Saved) {
        self.interferences += 1;
        self.forget().await;
        put_back(&self.store, &self.database(), saved, &self.ids, &self.clock).await;
        self.judge.begin_anew(saved.accepted);
        self.reopen().await;
    }

    /// The process ends, and a new one starts on a copy of the database in another place.
    pub(crate) async fn move_to(&mut self, copy: &Path) {
        self.forget().await;
        self.store.close().await.expect("the database can be closed");
        copy.clone_into(&mut self.path);
        self.judge.begin_anew(self.judge.accepted);
        self.reopen().await;
    }

    async fn forget(&mut self) {
        let members = self.members().await;
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        forget(&begun, &members, &mut self.lost);
    }

    /// A person trusts the database again, as `seatless sweep --confirm` does it.
    pub(crate) async fn confirm(&mut self) -> Vec<SweepStanding> {
        let sweeper = self.parts().sweeper();
        sweeper.confirm(person(), self.clock.now()).await.expect("the store works")
    }
}
