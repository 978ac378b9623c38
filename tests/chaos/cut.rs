//! Connections that end around COMMIT, all along a batch.

use super::stand::{DATABASE, Stand, open, rule, scene, server};
use super::way::{Fate, Way};
use crate::bed::submission::person;
use crate::cluster::{Cluster, How};
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use seatless::domain::{BatchId, Clock, Ids};
use seatless::store::{BatchDraft, Intake};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

#[tokio::test]
async fn a_batch_ends_right_though_answers_to_its_commits_are_lost() {
    let server = server(How::default()).await;
    let cuts = Arc::new(AtomicU32::new(0));
    let count = Arc::clone(&cuts);
    let mut chance = StdRng::seed_from_u64(11);
    let way = Way::to(&server.folder, move || {
        let fate = match chance.random_range(0..8) {
            0 => Fate::CutBefore,
            1 | 2 => Fate::CutAfter,
            _ => return Fate::Pass,
        };
        count.fetch_add(1, Ordering::Relaxed);
        fate
    });
    let mut stand = Stand::start(scene(2), &server.url(DATABASE), &way.url(DATABASE)).await;
    while stand.submit().await {
        stand.run_to_rest().await;
    }
    assert!(cuts.load(Ordering::Relaxed) > 100, "only {cuts:?} commits were cut off");
}

/// A crash takes with it what had left no trace on the disk, and the numbers of those transactions are given out anew.
#[tokio::test]
async fn a_commit_that_a_crash_has_swallowed_is_made_again_though_another_bears_its_number() {
    let settings = "fsync = off\nautovacuum = off\nwal_writer_delay = 10s\nbgwriter_lru_maxpages = 0";
    let server = Arc::new(server(How { settings: Some(settings), ..How::default() }).await);
    let crashes = Arc::new(AtomicBool::new(false));
    let (is_near, crashing) = (Arc::clone(&crashes), Arc::clone(&server));
    let way = Way::to(&server.folder, move || {
        if !is_near.swap(false, Ordering::Relaxed) {
            return Fate::Pass;
        }
        crashing.stop_at_once();
        crashing.start_again();
        write_elsewhere(&crashing);
        Fate::CutBefore
    });
    let url = server.url(DATABASE);
    let stand = Stand::start(scene(1), &url, &url).await;
    let store = open(&way.url(DATABASE), &stand.ids, &stand.clock).await.expect("it can be opened");
    crashes.store(true, Ordering::Relaxed);
    let draft = BatchDraft {
        id: BatchId(stand.ids.fresh()),
        source: "the lost one".to_owned(),
        actor: person(),
        at: Clock::now(&*stand.clock),
    };
    store.open_batch(draft).await.expect("what became of it can be found out");
    assert!(!crashes.load(Ordering::Relaxed), "the server has crashed");
    let is_there =
        "DO $$ BEGIN ASSERT (SELECT count(*) = 1 FROM batches WHERE source = 'the lost one'); END $$";
    rule(&server, DATABASE, is_there).await;
}

/// Commits enough for the numbers that were lost.
fn write_elsewhere(server: &Cluster) {
    let fill = "DO $$ BEGIN FOR n IN 1..50 LOOP INSERT INTO elsewhere VALUES (n); COMMIT; END LOOP; END $$";
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
            runtime.expect("a runtime").block_on(async {
                rule(server, DATABASE, "CREATE TABLE elsewhere (n INT)").await;
                rule(server, DATABASE, fill).await;
            });
        });
    });
}
