//! Older states of the database, put back while the cloud stays where it is.

use super::judge::Lost;
use super::rig::{Rig, person};
use seatless::domain::{Clock, StoreId};
use seatless::store::{OwnerCard, SqliteStore, SweepStanding};
use std::path::{Path, PathBuf};
use std::sync::PoisonError;
use uuid::Uuid;

/// A copy of the database, as it was at a moment.
#[derive(Clone, Debug)]
pub(crate) struct Saved {
    pub(crate) file: PathBuf,
    accepted: u64,
}

impl Rig {
    /// Backs the database up.
    pub(crate) async fn save(&mut self) -> Saved {
        self.saves += 1;
        let file = self.database().with_file_name(format!("copy-{}.db", self.saves));
        SqliteStore::back_up(&self.database(), &file).await.expect("a backup");
        Saved { file, accepted: self.judge.accepted }
    }

    /// The process ends, somebody puts a backup back, and a new process starts. Nothing happens in the cloud.
    pub(crate) async fn put_back(&mut self, saved: &Saved) {
        self.interferences += 1;
        self.forget().await;
        self.store.close().await.expect("the database can be closed");
        let card = OwnerCard {
            new_store: StoreId(Uuid::nil()),
            new_incarnation: self.fresh_id(),
            host: "rig".to_owned(),
            since: self.clock.now(),
            program: "seatless test".to_owned(),
        };
        SqliteStore::put_back(&self.database(), &saved.file, &card)
            .await
            .expect("a backup that can be put back");
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

    /// What the judge may no longer look for in the histories.
    async fn forget(&mut self) {
        let members = self.members().await;
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        for begun in begun.iter() {
            if self.lost.iter().any(|lost| lost.intent == begun.intent.0) {
                continue;
            }
            let member = members.iter().find(|member| member.request.id == begun.request);
            let Some(member) = member else { continue };
            self.lost.push(Lost {
                intent: begun.intent.0,
                name: member.user.account.user_principal_name.to_string(),
                creates: begun.state == seatless::domain::State::Requested,
            });
        }
    }

    /// A person trusts the database again, as `seatless sweep --confirm` does it.
    pub(crate) async fn confirm(&mut self) -> Vec<SweepStanding> {
        let sweeper = self.parts().sweeper();
        sweeper.confirm(person(), self.clock.now()).await.expect("the store works")
    }
}
