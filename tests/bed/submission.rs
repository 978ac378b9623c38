//! Asking for accounts, and the database that keeps what was asked for.

use super::parts::dataverse;
use super::scene::Wish;
use super::seams::{CountedIds, SharedClock};
use seatless::app::{IntakeTarget, StoreIntake, TokioSpawner};
use seatless::domain::{
    Account, BatchId, Clock, Ids, Membership, NewRequest, OnExisting, Pinned, SkuId, StoreId,
    UserPrincipalName,
};
use seatless::engine::Spawner;
use seatless::simulator::World;
use seatless::store::{Actor, OpenOptions, OwnerCard, SqliteStore, Store};
use std::path::PathBuf;
use std::sync::Arc;
use uuid::Uuid;

/// Asks for accounts in one batch; says how many were accepted, or what is wrong with them.
pub(crate) async fn submit(
    store: &(impl Store + Clone + 'static),
    clock: &Arc<SharedClock>,
    ids: &Arc<CountedIds>,
    rows: Vec<(u64, NewRequest)>,
) -> Result<u64, String> {
    let intake = StoreIntake {
        store: Arc::new(store.clone()),
        clock: Arc::clone(clock) as Arc<_>,
        ids: Arc::clone(ids) as Arc<_>,
    };
    let batch = BatchId(ids.fresh());
    intake.open(batch, "the test", &person()).await.expect("a batch");
    let report = intake.stage(batch, rows).await.expect("a chunk");
    if !report.faults.is_empty() {
        intake.discard(batch).await.expect("a batch that is gone");
        return Err(format!("{:?}", report.faults));
    }
    intake.accept(batch).await.expect("an accepted batch");
    Ok(report.added)
}

/// What a wish becomes in a world.
pub(crate) fn asked(world: &World, wish: &Wish, license: Uuid) -> NewRequest {
    let (tenant, environment) = world
        .tenants
        .iter()
        .flat_map(|tenant| tenant.environments.iter().map(move |environment| (tenant, environment)))
        .find(|(_, environment)| environment.name == wish.environment)
        .expect("a known environment");
    NewRequest {
        tenant: tenant.name.clone(),
        environment: wish.environment.clone(),
        pinned: Pinned {
            tenant_id: tenant.id,
            environment_id: environment.id,
            dataverse_origin: dataverse(&environment.host).to_string(),
        },
        account: Account {
            user_principal_name: UserPrincipalName::parse(&wish.name).expect("a name"),
            display_name: format!("Service {}", wish.name),
            given_name: "svc".to_owned(),
            surname: "account".to_owned(),
            usage_location: "GB".to_owned(),
            license: SkuId(license),
        },
        membership: Membership {
            business_unit: wish.unit.clone(),
            security_roles: vec![wish.role.clone()],
            on_existing: if wish.adopts { OnExisting::Adopt } else { OnExisting::Block },
        },
        priority: 0,
        external_id: None,
        note: None,
    }
}

pub(crate) fn person() -> Actor {
    Actor { name: "test".to_owned(), origin: seatless::store::Origin::Cli }
}

/// A folder in memory where the system has one: a process that dies needs no fsync.
pub(crate) fn folder() -> tempfile::TempDir {
    let memory = std::path::Path::new("/dev/shm");
    if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() }.expect("a folder")
}

/// What a process writes beside the database that it owns.
pub(crate) fn card(ids: &CountedIds, clock: &SharedClock) -> OwnerCard {
    OwnerCard {
        new_store: StoreId(ids.fresh()),
        new_incarnation: ids.fresh(),
        host: "rig".to_owned(),
        since: clock.now(),
        program: "seatless test".to_owned(),
    }
}

pub(crate) async fn open(path: PathBuf, ids: &CountedIds, clock: &SharedClock) -> SqliteStore {
    let options = OpenOptions { readers_max: 1, ..OpenOptions::owner(path, card(ids, clock)) };
    SqliteStore::open(options, Arc::new(|task| TokioSpawner.spawn(task))).await.expect("a database")
}
