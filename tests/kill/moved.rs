//! A file that moves to a server with half a batch in it, and a move that is cut short at every step.

#[allow(unreachable_pub, reason = "it is the suite's own")]
#[path = "../store/postgres/cluster.rs"]
mod cluster;

use super::patience::{in_time, until, within};
use super::place::Place;
use super::process::{Daemon, Said, number, reader, run, start};
use cluster::cluster;
use rustix::process::{Pid, Signal, kill_process};
use seatless::app::{TokioSpawner, TokioTimer};
use seatless::domain::{State, Status};
use seatless::engine::{Spawner, Timer};
use seatless::store::{Filter, Member, Page, PostgresOptions, PostgresStore, Requests, Standing, Trust};
use serde_json::Value;
use sqlx::{AssertSqlSafe, Connection, PgConnection, Row};
use std::path::Path;
use std::sync::Arc;

/// The queue of openings, as `src/store/postgres/locks.rs` numbers it.
const OPENINGS: i64 = 0x5ea7_1e55_0003;

/// What the tests stop a copy with.
const STALL: i64 = 7;

async fn bare(database: &str) -> PgConnection {
    PgConnection::connect(&cluster().url(database)).await.expect("the server takes a connection")
}

async fn rule(connection: &mut PgConnection, sql: &str) {
    let ruled = sqlx::raw_sql(AssertSqlSafe(sql)).execute(connection).await;
    ruled.unwrap_or_else(|error| panic!("{sql}: {error}"));
}

async fn count(connection: &mut PgConnection, sql: &str) -> i64 {
    let row = sqlx::query(AssertSqlSafe(sql)).fetch_one(connection).await;
    row.unwrap_or_else(|error| panic!("{sql}: {error}")).get(0)
}

/// An empty database, and its address.
async fn empty(name: &str) -> String {
    rule(&mut bare("postgres").await, &format!("CREATE DATABASE {name} TEMPLATE template0")).await;
    cluster().url(name)
}

/// How many of our tables are there.
const TABLES: &str = "SELECT count(*) FROM pg_tables WHERE tablename IN ('meta', 'requests', 'events')";

struct Moving {
    place: Place,
    from: String,
    to: String,
}

impl Moving {
    async fn to(name: &str) -> Self {
        let place = Place::new().await;
        let from = format!("sqlite:{}", place.database().display());
        Self { place, from, to: empty(name).await }
    }

    fn words(&self) -> [&str; 7] {
        ["copy", "--from", &self.from, "--to", &self.to, "-o", "json"]
    }

    async fn copy(&self) -> Said {
        run(&self.place.config(), &self.words()).await
    }

    /// Copies, and gives what is said of it.
    async fn copied(&self, end: &str) -> Value {
        let said = self.copy().await;
        assert!(said.status.success(), "{said:?}");
        let answer: Value = serde_json::from_str(&said.out).expect("JSON");
        assert_eq!(answer["end"], end, "{answer}");
        answer
    }

    /// Submits so many requests to the file, without a daemon.
    async fn submit(&self, name: &str, users: std::ops::RangeInclusive<u32>) -> Said {
        let list = self.place.list(name, users.map(|n| (format!("svc-{n}"), "dev"))).display().to_string();
        run(&self.place.config(), &["submit", &list]).await
    }

    /// Who is listed at an address.
    async fn listed(&self, store: &str) -> Said {
        run(&self.place.config(), &["--store", store, "list", "-o", "csv"]).await
    }

    async fn assert_unusable(&self) {
        let said = self.listed(&self.to).await;
        assert_eq!(said.status.code(), Some(1), "{said:?}");
        assert!(said.err.contains("seatless copy"), "{said:?}");
    }

    async fn assert_sealed(&self) {
        let said = self.submit("more.csv", 70..=71).await;
        assert_eq!(said.status.code(), Some(1), "{said:?}");
        assert!(said.err.contains("[store.moved]") && said.err.contains(&self.to), "{said:?}");
        let said = self.listed(&self.from).await;
        assert!(said.status.success() && said.err.contains("This database was moved to"), "{said:?}");
        assert!(said.out.contains("svc-1@contoso.example"), "{said:?}");
    }
}

async fn on_the_server(url: &str) -> PostgresStore {
    let spawn = Arc::new(|task| TokioSpawner.spawn(task));
    let rest: seatless::store::Rest = Arc::new(|time| TokioTimer.sleep(time));
    PostgresStore::open(PostgresOptions::reader(url), spawn, rest).await.expect("a database")
}

async fn members(store: &impl Requests) -> Vec<Member> {
    let page = Page { after: None, rows_max: 1_000 };
    store.requests(Filter::default(), page).await.expect("the store can be read")
}

fn kill(child: &tokio::process::Child) {
    let id = child.id().and_then(|id| i32::try_from(id).ok()).and_then(Pid::from_raw);
    kill_process(id.expect("it runs"), Signal::KILL).expect("our own child");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn half_a_batch_moves_to_a_server_and_is_finished_there() {
    let moving = Moving::to("half").await;
    let place = &moving.place;
    let mut daemon = Daemon::start(place).await;
    let both =
        (1..=6).map(|n| (format!("svc-{n}"), "dev")).chain((1..=3).map(|n| (format!("svc-{n}"), "test")));
    let list = place.list("list.csv", both).display().to_string();
    assert!(run(&place.config(), &["submit", &list]).await.status.success());
    until("a license", 30, async || {
        let store = reader(&place.database()).await;
        let licensed = |member: &Member| member.request.progress.state >= State::Licensed;
        members(&store).await.iter().any(licensed).then_some(())
    })
    .await;
    let under_way = moving.copy().await;
    assert_eq!(under_way.status.code(), Some(1), "{under_way:?}");
    assert!(under_way.err.contains("[store.locked]"), "{under_way:?}");
    daemon.signal(Signal::KILL);
    daemon.end(10).await;

    let answer = moving.copied("copied").await;
    for table in answer["tables"].as_array().expect("a list") {
        assert_eq!(table["rows_from"], table["rows_to"], "{table}");
        assert_eq!(table["sha256_from"], table["sha256_to"], "{table}");
        let counted = match table["table"].as_str().expect("a name") {
            "requests" => "SELECT count(*) FROM requests",
            "events" => "SELECT count(*) FROM events",
            _ => continue,
        };
        let file = number(&place.database(), counted).await;
        assert_eq!(table["rows_from"].as_i64(), Some(file), "{table}");
    }
    moving.assert_sealed().await;
    for command in [&["run"][..], &["sweep"], &["backup", "late.db"], &["retry", "svc-6@contoso.example"]] {
        let said = run(&place.config(), command).await;
        assert!(said.status.code() == Some(1) && said.err.contains("[store.moved]"), "{command:?}: {said:?}");
    }
    moving.copied("done_before").await;

    let config = place.config_at(&moving.to, "server.sock");
    let mut daemon = Daemon::start_with(place, &config, &place.folder().join("server.sock")).await;
    let store = on_the_server(&moving.to).await;
    assert_eq!(
        store.standing().await.expect("a standing"),
        Standing::Trusted,
        "nobody has to confirm anything"
    );
    let over = async || {
        members(&store).await.iter().all(|member| member.request.progress.status() == Status::Succeeded)
    };
    assert!(in_time(120, over).await, "{:#?}\n{}", members(&store).await, daemon.log());
    daemon.signal(Signal::TERM);
    assert!(daemon.end(20).await.success(), "{}", daemon.log());

    let state = place.simulator.state();
    let users = state["tenants"][0]["users"].as_array().cloned().unwrap_or_default();
    let made: Vec<_> = users.iter().filter(|user| user["foreign"] == false).collect();
    assert_eq!(made.len(), 6, "each user once");
    assert!(
        made.iter().all(|user| user["licenses"] == Value::Array(Vec::new())),
        "no license is left: {made:?}"
    );
    assert!(place.simulator.violations().is_empty());
    let mut bare = bare("half").await;
    assert_eq!(
        count(&mut bare, "SELECT coalesce(sum(held), 0)::bigint FROM pools WHERE kind = 'seat'").await,
        0
    );
    let miscounted = "SELECT count(*) FROM (SELECT state, status, sum(requests) FROM counters GROUP BY 1, 2 \
        HAVING sum(requests) > 0 EXCEPT SELECT state, status, count(*) FROM requests GROUP BY 1, 2) AS more";
    assert_eq!(count(&mut bare, miscounted).await, 0);
    let said = moving.copy().await;
    assert!(said.status.success(), "the file may be asked again at any time: {said:?}");
    let Moving { place, .. } = moving;
    within("the cloud", 10, place.close()).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_refuses_what_it_cannot_do_and_changes_nothing() {
    let moving = Moving::to("wanted").await;
    let refused = async |from: &str, to: &str| {
        let said = run(&moving.place.config(), &["copy", "--from", from, "--to", to]).await;
        (said.status.code().expect("an end"), said.err)
    };
    for (from, to, why) in [
        ("sqlite:seatless.db", "sqlite:another.db", "is no PostgreSQL database"),
        (moving.to.as_str(), "sqlite:another.db", "is no file that could be copied"),
        ("sqlite:seatless.db", "postgres://seatless:canary@localhost/db", "it must hold no password"),
    ] {
        let (code, err) = refused(from, to).await;
        assert!(code == 2 && err.contains(why), "{code} {err}");
    }
    let (code, err) = refused("sqlite:nowhere.db", &moving.to).await;
    assert!(code == 1 && err.contains("there is no database at"), "{err}");

    assert!(moving.submit("list.csv", 1..=3).await.status.success());
    let occupied = empty("occupied").await;
    let config = moving.place.config_at(&occupied, "occupied.sock");
    let mut daemon =
        Daemon::start_with(&moving.place, &config, &moving.place.folder().join("occupied.sock")).await;
    let (code, err) = refused(&moving.from, &occupied).await;
    assert!(code == 1 && err.contains("a daemon works on the database"), "{err}");
    daemon.signal(Signal::TERM);
    assert!(daemon.end(20).await.success(), "{}", daemon.log());
    let (code, err) = refused(&moving.from, &occupied).await;
    assert!(code == 1 && err.contains("is not empty: it holds the store"), "{err}");
    let foreign = empty("foreign_tables").await;
    rule(&mut bare("foreign_tables").await, "CREATE TABLE requests (of INT, another INT)").await;
    let (code, err) = refused(&moving.from, &foreign).await;
    assert!(code == 1 && err.contains("is not empty: it holds a table named requests"), "{err}");

    write(&moving.place.database(), "UPDATE meta SET schema_version = 7").await;
    let (code, err) = refused(&moving.from, &moving.to).await;
    assert!(code == 1 && err.contains("it has schema version 7"), "{err}");
    write(&moving.place.database(), "UPDATE meta SET schema_version = 8").await;
    assert_eq!(count(&mut bare("wanted").await, TABLES).await, 0);
    assert!(moving.submit("later.csv", 4..=5).await.status.success(), "the file is as it was");
    moving.copied("copied").await;
    let Moving { place, .. } = moving;
    within("the cloud", 10, place.close()).await;
}

async fn write(path: &Path, sql: &'static str) {
    let options = sqlx::sqlite::SqliteConnectOptions::new().filename(path);
    let mut connection = sqlx::SqliteConnection::connect_with(&options).await.expect("a database");
    sqlx::raw_sql(sql).execute(&mut connection).await.expect("a statement");
    connection.close().await.expect("a database");
}

/// Stops every copy into this database in the middle of its transaction, until the connection is closed.
async fn stall(database: &str) -> PgConnection {
    let mut holder = bare(database).await;
    rule(
        &mut holder,
        &format!(
            "CREATE FUNCTION stall() RETURNS event_trigger LANGUAGE plpgsql AS $$ BEGIN \
             PERFORM pg_advisory_xact_lock({STALL}); END $$; \
             CREATE EVENT TRIGGER stall ON ddl_command_end WHEN TAG IN ('CREATE INDEX') EXECUTE FUNCTION stall()"
        ),
    )
    .await;
    rule(&mut holder, &format!("SELECT pg_advisory_lock({STALL})")).await;
    holder
}

async fn until_waited_for(database: &str, lock: i64) {
    let mut bare = bare(database).await;
    let (high, low) = (lock >> 32, lock & 0xffff_ffff);
    let sql = format!(
        "SELECT count(*) FROM pg_locks WHERE locktype = 'advisory' AND NOT granted AND classid = {high} AND objid = {low} \
         AND database = (SELECT oid FROM pg_database WHERE datname = '{database}')"
    );
    until("somebody who waits", 30, async || (count(&mut bare, &sql).await > 0).then_some(())).await;
}

async fn until_alone(database: &str) {
    let mut bare = bare(database).await;
    let sql = format!("SELECT count(*) FROM pg_stat_activity WHERE datname = '{database}'");
    until("the end of the others", 30, async || (count(&mut bare, &sql).await == 1).then_some(())).await;
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_copy_that_is_cut_short_leaves_one_of_both_to_go_on_with() {
    let moving = Moving::to("cut_short").await;
    let config = moving.place.config();
    assert!(moving.submit("list.csv", 1..=3).await.status.success());

    // Killed while it loads: nothing is there, and the file goes on.
    let holder = stall("cut_short").await;
    let mut copying = start(&config, &moving.words());
    until_waited_for("cut_short", STALL).await;
    kill(&copying);
    copying.wait().await.expect("an end");
    holder.close().await.expect("a connection");
    until_alone("cut_short").await;
    assert_eq!(count(&mut bare("cut_short").await, TABLES).await, 0);
    assert!(moving.submit("second.csv", 4..=5).await.status.success());

    // Ended between the load and the seal: what is there is closed to everybody, and the file goes on.
    write(
        &moving.place.database(),
        "CREATE TRIGGER stays BEFORE UPDATE ON meta BEGIN SELECT RAISE(ABORT, 'stays'); END",
    )
    .await;
    let said = moving.copy().await;
    assert_eq!(said.status.code(), Some(1), "{said:?}");
    assert_eq!(count(&mut bare("cut_short").await, TABLES).await, 3);
    moving.assert_unusable().await;
    write(&moving.place.database(), "DROP TRIGGER stays").await;
    assert!(moving.submit("third.csv", 6..=9).await.status.success());

    // Killed between the seal and the end: the file is sealed, and what is there is whole but closed.
    let mut holder = bare("cut_short").await;
    rule(&mut holder, &format!("SELECT pg_advisory_lock({STALL})")).await;
    let mut copying = start(&config, &moving.words());
    until_waited_for("cut_short", STALL).await;
    let mut next = bare("cut_short").await;
    let lock = format!("SELECT pg_advisory_lock({OPENINGS})");
    let go_on = async {
        until_waited_for("cut_short", OPENINGS).await;
        holder.close().await.expect("a connection");
    };
    let queued = Box::pin(async { tokio::join!(rule(&mut next, &lock), go_on) });
    within("the load", 30, queued).await;
    let sealed = "SELECT count(*) FROM meta WHERE moved_to IS NOT NULL";
    until("the seal", 10, async || (number(&moving.place.database(), sealed).await == 1).then_some(())).await;
    kill(&copying);
    copying.wait().await.expect("an end");
    next.close().await.expect("a connection");
    until_alone("cut_short").await;
    moving.assert_sealed().await;
    moving.assert_unusable().await;

    // Another place does not do: what has moved has moved.
    let elsewhere = empty("elsewhere").await;
    let said = run(&config, &["copy", "--from", &moving.from, "--to", &elsewhere]).await;
    assert!(said.status.code() == Some(1) && said.err.contains("[store.moved]"), "{said:?}");
    moving.copied("finished").await;
    let said = moving.listed(&moving.to).await;
    assert_eq!(said.out.lines().count(), 10, "a header, and all that was ever accepted: {said:?}");
    assert!(said.err.is_empty(), "{said:?}");
    moving.assert_sealed().await;
    let Moving { place, .. } = moving;
    within("the cloud", 10, place.close()).await;
}
