//! What befalls the database itself: an older state of it is put back, it goes on elsewhere, or a copy of it is started.

use crate::bed::saved::{self, Saved};
use crate::bed::submission::{open, person};
use crate::chance::{Chance, For};
use crate::stage::Stage;
use seatless::engine::Chore;
use seatless::store::{Doubt, Sweeps, Trust};
use seatless::store::{SqliteStore, Standing, Store};
use std::collections::BTreeMap;
use std::sync::{Arc, PoisonError};

/// What somebody does with the database.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Setback {
    /// Backs it up.
    Save,
    /// Puts the backup back.
    PutBack,
    /// Backs it up, and goes on with that in another place.
    Move,
    /// Starts the program on a copy, beside whoever works on the original.
    StartCopy,
}

/// Draws what befalls the database of a seed, by point.
pub(crate) fn setbacks(chance: Chance, points_max: u64) -> BTreeMap<u64, Setback> {
    let mut setbacks = BTreeMap::new();
    let mut at = |place: u64, from: u64, within: u64, setback: Setback| {
        let point = from + 1 + chance.number(For::Setback, place) % within;
        setbacks.insert(point, setback);
        point
    };
    if chance.happens(For::Setback, 0, 0.2) {
        let saved = at(1, 0, points_max / 2, Setback::Save);
        let back = at(2, saved, points_max / 3, Setback::PutBack);
        if chance.happens(For::Setback, 3, 0.3) {
            at(4, back, points_max / 3, Setback::PutBack);
        }
    }
    if chance.happens(For::Setback, 5, 0.05) {
        at(6, 0, points_max, Setback::Move);
    }
    if chance.happens(For::Setback, 7, 0.1) {
        at(8, 0, points_max, Setback::StartCopy);
    }
    setbacks
}

impl Stage {
    /// Backs the database up.
    pub(crate) async fn save(&mut self) -> Saved {
        self.saves += 1;
        saved::save(&self.database, self.saves, self.judge.accepted).await
    }

    /// Puts a backup back. Whoever worked on the database is gone; nothing happens in the cloud.
    pub(crate) async fn put_back(&mut self, backup: &Saved) {
        self.interferences += 1;
        self.forget().await;
        saved::put_back(&self.store, &self.database, backup, &self.ids, &self.clock).await;
        self.reopen(backup.accepted).await;
    }

    /// Goes on with a copy in another place. Whoever worked on the database is gone.
    pub(crate) async fn move_to(&mut self, copy: &Saved) {
        self.interferences += 1;
        self.forget().await;
        self.store.close().await.expect("the database can be closed");
        self.database.clone_from(&copy.file);
        self.reopen(copy.accepted).await;
    }

    async fn forget(&mut self) {
        let members = self.members().await;
        let begun = self.begun.lock().unwrap_or_else(PoisonError::into_inner);
        saved::forget(&begun, &members, &mut self.lost);
    }

    async fn reopen(&mut self, accepted: u64) {
        self.judge.begin_anew(accepted);
        self.store = open(self.database.clone(), &self.ids, &self.clock).await;
        self.wire.sees(self.store.clone());
        self.doubted = true;
    }

    /// Whether nobody may work on this database before a person has confirmed it.
    pub(crate) async fn is_a_copy(&self) -> bool {
        matches!(
            self.store.standing().await.expect("the store can be read"),
            Standing::ReportOnly { doubt: Doubt::Copied, .. }
        )
    }

    /// A person trusts the database again, if there was a doubt about it.
    pub(crate) async fn confirm(&mut self) {
        if std::mem::take(&mut self.doubted) {
            let store: Arc<dyn Store> = Arc::new(self.store.clone());
            let sweeper = self.parts(Arc::clone(&self.tricks) as Arc<_>, store).sweeper();
            sweeper.sweep_now().await.expect("the store works");
            sweeper.confirm(person(), self.now()).await.expect("the store works");
        }
    }

    /// Somebody starts the program on a copy, which may look around; says what else it did.
    pub(crate) async fn start_copy(&mut self) -> Vec<String> {
        let before = self.wire.deeds().len();
        let copy = self.save().await;
        let elsewhere = open(copy.file, &self.ids, &self.clock).await;
        self.work_on(&elsewhere).await;
        elsewhere.close().await.expect("the copy can be closed");
        let deeds = self.wire.deeds().into_iter().skip(before);
        deeds.map(|deed| format!("a copy made a write: {:?}", deed.entry)).collect()
    }

    /// A daemon's first moments.
    async fn work_on(&self, copy: &SqliteStore) {
        let parts = self.parts(Arc::clone(&self.tricks) as Arc<_>, Arc::new(copy.clone()));
        let engine = parts.engine();
        engine.rescue().await.expect("the copy can be written");
        for _ in 0..3 {
            for pool in engine.unread_pools().await.expect("the copy can be read") {
                let _ = engine.measure(&pool).await.expect("the copy can be written");
            }
            engine.turn().await.expect("the copy can be written");
        }
        parts.sweeper().tick().await.expect("the copy can be written");
        parts.drift_watch().tick().await.expect("the copy can be written");
        copy.sweeps().await.expect("the copy can be read");
    }
}
