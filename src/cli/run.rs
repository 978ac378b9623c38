//! `seatless run`: the daemon.

use super::context::Context;
use super::database::Database;
use super::exit::Exit;
use super::supervisor::Supervisor;
use super::trouble::Trouble;
use super::{logs, signals};
use crate::app::settings::CredentialPolicy;
use crate::app::views::standing_note;
use crate::app::{
    BulkOrders, CarryingOut, Credentials, DriftWatch, HeadKeeper, Orders, StoreIntake, SystemChance,
    TokioSpawner, TokioTimer, Watchkeeper, engine_for, pinned_environments, places_for, promote_all,
    rotator_for, sweeper_for,
};
use crate::engine::{Chore, GivingUp, Heartbeat, Hints, Pump, PumpLimits, Spawner, Stop, TakeOver};
use crate::http::{DaemonState, Health, LocalListener, serve};
use crate::provisioning::Lookout;
use crate::store::{Lease, Store};
use std::sync::Arc;
use std::time::Duration;

/// At most so many groups are worked on at a time.
const GROUPS_MAX: u32 = 64;

/// How many signs of life are given in the time of a lease: several may be lost before it is.
const HEARTBEATS: u32 = 9;

/// How often it is looked for others that give none any more; more often if leases are shorter.
const TAKE_OVER_EVERY_MAX: Duration = Duration::from_secs(2);

/// How many requests of a submission that never ended are removed at a time.
const DISCARD_ROWS: u32 = 2_000;

pub(super) async fn run(context: Context, verbose: u8) -> Result<Exit, Trouble> {
    let settings = &context.settings;
    logs::start(&settings.daemon.log, verbose)?;
    for warning in &settings.warnings {
        tracing::warn!("{warning}");
    }
    if settings.environments.is_empty() {
        return Err(Trouble::failure("the config names no environments, so there is nothing to work on")
            .hint("write a config with `seatless init` and name your tenants and environments in it, or name it with --config"));
    }
    settings.require_secrets()?;
    let store = context.owner().await?;
    let shared = store.shared();
    let timer = Arc::new(TokioTimer);
    let places = places_for(settings, &context.clock, &context.ids)?;
    let sweeper = Arc::new(sweeper_for(
        settings,
        Arc::clone(&shared),
        places.clone(),
        Arc::clone(&context.clock),
        Arc::clone(&context.ids),
    ));
    let watch = DriftWatch { lookout: Lookout::new(places.clone()), keeper: keeper(&context, &shared) };
    let rotator = rotator_for(
        settings,
        places.clone(),
        Arc::clone(&shared),
        Arc::clone(&context.clock),
        Arc::new(SystemChance),
        Arc::clone(&context.ids),
    )?;
    let credentials = Credentials {
        store: Arc::clone(&shared),
        clock: Arc::clone(&context.clock),
        rotator: Some(Arc::new(rotator)),
        resets: settings.credentials.policy == CredentialPolicy::Reset,
    };
    let engine = Arc::new(engine_for(
        settings,
        places,
        Arc::clone(&shared),
        Arc::clone(&context.clock),
        Arc::new(SystemChance),
        Arc::clone(&context.ids),
        Arc::clone(&timer) as Arc<_>,
    )?);
    let listener = LocalListener::bind(&settings.daemon.socket).await?;

    let lease = Lease { length: settings.calls.lease, call_max: settings.calls.deadline };
    if matches!(store, Database::Server(_)) {
        engine.sign_on(lease).await?;
    }
    while store.discard(None, DISCARD_ROWS).await? {}
    promote_all(&*shared, &*context.clock).await?;
    let rescued = engine.rescue().await?;
    let stop = Stop::default();
    let spawner: Arc<dyn Spawner> = Arc::new(TokioSpawner);
    // Whoever reads that it runs may ask it to stop.
    match signals::watch(stop.clone()) {
        Ok(watching) => spawner.spawn(Box::pin(watching)),
        Err(error) => tracing::error!("a signal ends this process at once: {error}"),
    }
    tracing::info!(
        version = env!("CARGO_PKG_VERSION"), store = %settings.store.url, socket = %settings.daemon.socket.display(),
        tenants = settings.tenants.len(), environments = settings.environments.len(), rescued,
        "seatless is running"
    );

    if let Some(note) = standing_note(store.standing().await?) {
        tracing::warn!("{note}");
    }
    for swept in store.sweeps().await? {
        if !settings.tenants.contains_key(&swept.tenant) {
            tracing::warn!(
                tenant = swept.tenant,
                "licenses were lent in a tenant that the config no longer names: what may be left there is \
                 not looked for until [tenants.{}] is back",
                swept.tenant
            );
        }
    }

    let hints = Hints::default();
    let bulk = BulkOrders {
        store: Arc::clone(&shared),
        clock: Arc::clone(&context.clock),
        ids: Arc::clone(&context.ids),
        policy: settings.policy.clone(),
    };
    let state = DaemonState {
        intake: StoreIntake {
            store: Arc::clone(&shared),
            clock: Arc::clone(&context.clock),
            ids: Arc::clone(&context.ids),
        },
        orders: Orders {
            store: Arc::clone(&shared),
            clock: Arc::clone(&context.clock),
            policy: settings.policy.clone(),
        },
        bulk: bulk.clone(),
        watch: keeper(&context, &shared),
        sweeper: Arc::clone(&sweeper),
        credentials: Arc::new(credentials),
        spawner: Arc::clone(&spawner),
        hints: hints.clone(),
        environments: pinned_environments(settings),
        health: Health {
            version: env!("CARGO_PKG_VERSION").to_owned(),
            process_id: std::process::id(),
            since: context.clock.now(),
        },
    };
    let mut chores: Vec<Arc<dyn Chore>> =
        vec![sweeper, Arc::new(GivingUp(Arc::clone(&engine))), Arc::new(watch)];
    chores.push(Arc::new(CarryingOut { orders: bulk, hints: hints.clone() }));
    match &store {
        Database::File(store) => chores.push(Arc::new(HeadKeeper(store.clone()))),
        Database::Server(store) => {
            let engine = || Arc::clone(&engine);
            chores.push(Arc::new(Heartbeat { engine: engine(), lease, every: lease.length / HEARTBEATS }));
            let hinted = hints.clone();
            chores.push(Arc::new(TakeOver {
                engine: engine(),
                hints: hints.clone(),
                every: TAKE_OVER_EVERY_MAX.min(lease.length),
            }));
            spawner.spawn(Box::pin(store.clone().listen(move || hinted.give())));
        }
    }
    let supervisor = Supervisor::new(Arc::clone(&context.clock));
    // The loop sleeps no longer than this, so that whoever watches hears of it in time.
    let level_check =
        supervisor.beats_every().map_or(settings.level_check, |every| settings.level_check.min(every));
    let asked = stop.clone();
    let server = serve(listener, Arc::new(state), async move { asked.asked().await });
    let pump = Pump {
        engine: Arc::clone(&engine),
        spawner: Arc::clone(&spawner),
        timer,
        hints,
        chores,
        pulse: Arc::new(supervisor),
        limits: PumpLimits { groups_max: GROUPS_MAX, level_check, drain: settings.daemon.drain },
    };
    let served = stop.clone();
    spawner.spawn(Box::pin(async move {
        if let Err(error) = server.await {
            tracing::error!("the socket has failed: {error}");
            served.drain();
        }
    }));
    let result = pump.run(stop.clone()).await;
    stop.drain();
    if let Err(error) = engine.sign_off().await {
        tracing::warn!(code = %error.failure().code, "what is claimed is free only when the lease is over: {error}");
    }
    store.close().await?;
    match result {
        Ok(()) => {
            tracing::info!("stopped");
            Ok(Exit::Ok)
        }
        Err(error) => Err(error.into()),
    }
}

fn keeper(context: &Context, store: &Arc<dyn Store>) -> Watchkeeper {
    Watchkeeper {
        store: Arc::clone(store),
        policy: context.settings.policy.clone(),
        clock: Arc::clone(&context.clock),
    }
}
