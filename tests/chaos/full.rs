//! A server whose disk is full.

use super::stand::{DATABASE, Stand, rule, scene};
use crate::cluster::{Cluster, How, can_mount};
use seatless::app::TokioTimer;
use seatless::engine::Timer;
use std::io::Write;
use std::time::Duration;

/// What fills the small disk.
const FILL: &str = "COPY (SELECT repeat('x', 999999) FROM generate_series(1, 99)) TO '/mnt/ballast'";
const EMPTY: &str = "COPY (SELECT 1) TO PROGRAM 'rm /mnt/ballast'";

/// What stands for it where nothing can be mounted: the server says the same of one table.
const REFUSE: &str = "
    CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql
        AS $$ BEGIN RAISE EXCEPTION USING ERRCODE = 'disk_full', MESSAGE = 'No space left on device'; END $$;
    CREATE TRIGGER refused BEFORE INSERT ON events EXECUTE FUNCTION refuse()";
const ALLOW: &str = "DROP TRIGGER refused ON events";

#[tokio::test]
async fn a_full_disk_stops_the_work_for_as_long_as_it_is_full() {
    let small_disk = can_mount();
    let server = Cluster::start(How { small_disk, ..How::default() });
    if small_disk {
        rule(&server, "postgres", "CREATE TABLESPACE small LOCATION '/mnt/space'").await;
        rule(&server, "postgres", &format!("CREATE DATABASE {DATABASE} TABLESPACE small")).await;
    } else {
        let mut loud = std::io::stderr().lock();
        let _ = writeln!(
            loud,
            "NOT TESTED with a disk: none can be mounted here. A server that says so stands for it."
        );
        drop(loud);
        rule(&server, "postgres", &format!("CREATE DATABASE {DATABASE}")).await;
    }
    let url = server.url(DATABASE);
    let mut stand = Stand::start(scene(3), &url, &url).await;
    stand.submit().await;
    let wire = std::sync::Arc::clone(&stand.wire);
    stand.run_until(|| wire.writes() > 3).await;
    if small_disk {
        // It fills the disk, and fails with that.
        rule(
            &server,
            "postgres",
            &format!("DO $$ BEGIN EXECUTE $sql${FILL}$sql$; EXCEPTION WHEN disk_full THEN NULL; END $$"),
        )
        .await;
    } else {
        rule(&server, DATABASE, REFUSE).await;
    }
    let complaints = || {
        let log = std::fs::read_to_string(server.folder.join("log")).expect("a log");
        log.matches("No space left on device").count()
    };
    let before = complaints();
    let relief = async {
        // Some calls find room in what is there already; sooner or later one does not.
        while complaints() < before + 20 {
            TokioTimer.sleep(Duration::from_millis(20)).await;
        }
        if small_disk {
            rule(&server, "postgres", EMPTY).await;
        } else {
            rule(&server, DATABASE, ALLOW).await;
        }
    };
    let ((), ()) = tokio::join!(relief, stand.run_to_rest());
    // And it is as good as before.
    stand.submit().await;
    stand.run_to_rest().await;
}
