//! Connections that end around COMMIT, all along a batch.

use super::stand::{DATABASE, Stand, scene, server};
use super::way::{Fate, Way};
use crate::cluster::How;
use rand::rngs::StdRng;
use rand::{RngExt, SeedableRng};
use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

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
