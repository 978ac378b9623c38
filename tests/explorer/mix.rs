//! What a seed makes of the world: each draws its own mix, so that some runs are all kills and others all people.

use crate::bed::scene::{SALES_ID, Scene, Wish, rig};
use crate::chance::{Chance, For};
use crate::setback::{Setback, setbacks};
use seatless::simulator::{Delays, EnvironmentKind, Faults, WorldSku};
use std::collections::BTreeMap;
use std::time::Duration;
use uuid::Uuid;

pub(crate) const SERVICE: &str = "DYN365_ENTERPRISE_CUSTOMER_SERVICE";
pub(crate) const SERVICE_ID: Uuid = Uuid::from_u128(0x749742bf_0d37_4158_a120_33567104deeb);

/// How rough it gets, and what for.
pub(crate) struct Mix {
    pub(crate) scene: Scene,
    /// With the other license.
    pub(crate) others: Vec<Wish>,
    /// Asked for later, from that point on.
    pub(crate) late: Option<(u64, Wish)>,
    pub(crate) rough: Rough,
}

/// What happens at the points of the first half; probabilities per point.
#[derive(Clone, Debug)]
pub(crate) struct Rough {
    /// One worker is the daemon on SQLite; two are what PostgreSQL will have.
    pub(crate) workers: usize,
    pub(crate) groups_max: usize,
    pub(crate) kill: f64,
    pub(crate) pause: f64,
    pub(crate) pause_max: f64,
    pub(crate) person: f64,
    pub(crate) order: f64,
    /// How often a call takes its time, and how long at most, in seconds.
    pub(crate) latency: f64,
    pub(crate) latency_max: f64,
    /// How long the first half lasts.
    pub(crate) lasts: Duration,
    pub(crate) points_max: u64,
    /// What befalls the database, by point.
    pub(crate) setbacks: BTreeMap<u64, Setback>,
}

impl Rough {
    /// Nothing happens by itself.
    pub(crate) fn calm() -> Self {
        Self {
            workers: 1,
            groups_max: 100,
            kill: 0.0,
            pause: 0.0,
            pause_max: 1.0,
            person: 0.0,
            order: 0.0,
            latency: 0.0,
            latency_max: 1.0,
            lasts: Duration::ZERO,
            points_max: 0,
            setbacks: BTreeMap::new(),
        }
    }
}

const ENVIRONMENTS: [&str; 3] = ["dev", "test", "prod"];
const NAMES: [&str; 3] = ["svc-1", "svc-2", "svc-3"];

/// Draws the mix of a seed.
pub(crate) fn mix(seed: u64) -> Mix {
    let chance = Chance { seed };
    let mut place = 0;
    let mut next = || {
        place += 1;
        place
    };
    let environments = chance.one(For::Mix, next(), &[1_usize, 1, 2, 2, 3]);
    let names = chance.one(For::Mix, next(), &[1_usize, 1, 2, 3]);
    let seats = chance.one(For::Mix, next(), &[1_u32, 1, 2, 3]);
    let mut scene = rig().tenant("contoso").seeded(seed);
    for name in &ENVIRONMENTS[..environments] {
        scene = scene.environment(name);
        let (tight, kind) = (chance.happens(For::Mix, next(), 0.15), chance.fraction(For::Mix, next()));
        scene = scene.where_it(|environment| {
            if tight {
                environment.non_interactive_others = environment.non_interactive_max - 1;
            }
            if kind < 0.05 {
                environment.kind = EnvironmentKind::Developer;
            } else if kind < 0.15 {
                environment.kind = EnvironmentKind::Trial;
            }
        });
    }
    for name in &NAMES[..names] {
        // Somebody has the name already; the wish may say to adopt whoever it is.
        if chance.happens(For::Mix, next(), 0.2) {
            let licensed = chance.happens(For::Mix, next(), 0.4);
            let located = chance.happens(For::Mix, next(), 0.5);
            scene = scene.somebody(name, |user| {
                if licensed {
                    user.licenses = vec![crate::bed::scene::SALES.to_owned()];
                }
                user.usage_location = located.then(|| "GB".to_owned()).or(licensed.then(|| "GB".to_owned()));
            });
        }
    }
    // Somebody may hold one of them already.
    scene = scene.seats(seats);
    let two_licenses = chance.happens(For::Mix, next(), 0.25);
    if two_licenses {
        scene = scene.whose_tenant(|tenant| {
            tenant.skus.push(WorldSku {
                part_number: SERVICE.to_owned(),
                sku_id: SERVICE_ID,
                enabled: 1,
                used_by_others: 0,
                dataverse: true,
                excludes: Vec::new(),
                requires: Vec::new(),
            });
        });
    }
    let (mut wishes, mut others) = (Vec::new(), Vec::new());
    for (index, name) in NAMES[..names].iter().enumerate() {
        let adopts = chance.happens(For::Mix, next(), 0.25);
        let other = two_licenses && index == 1;
        for environment in &ENVIRONMENTS[..environments] {
            let place = next();
            let wanted = chance.happens(For::Mix, place, 0.75);
            // Mostly the requests of a name agree about who it may be.
            let differs = chance.happens(For::Disagreement, place, 0.1);
            let first = wishes.is_empty() && others.is_empty();
            if !wanted && !first {
                continue;
            }
            let wish = Wish {
                name: format!("{name}@contoso.example"),
                environment: (*environment).to_owned(),
                role: "Writer".to_owned(),
                unit: None,
                adopts: adopts != differs,
            };
            if other { &mut others } else { &mut wishes }.push(wish);
        }
    }
    scene.wishes = wishes;
    scene.license = SALES_ID;
    scene.delays = delays(chance, next());
    scene.faults = faults(chance, next());
    let deadline = chance.one(For::Mix, next(), &[1_u64, 1, 2]);
    let absence = chance.one(For::Mix, next(), &[30_u64, 30, 120]);
    let give_up = chance.one(For::Mix, next(), &[None, None, Some(1_800_u64), Some(7_200)]);
    let deletes = chance.happens(For::Mix, next(), 0.3);
    let sync = chance.one(For::Mix, next(), &[20_u64, 120, 240, 300]);
    let sweep = chance.one(For::Mix, next(), &[600_u64, 1_800, 3_600]);
    scene = scene.with_policy(|policy| {
        policy.propagation_deadline = Duration::from_secs(3_600 * deadline);
        policy.absence_window = Duration::from_secs(absence);
        policy.give_up = give_up.map(Duration::from_secs);
        policy.delete_propagated = deletes;
        policy.sweep = Duration::from_secs(sweep);
        // A slower pace where nothing changes any more makes a run short, not different.
        policy.sync_first = Duration::from_secs(sync);
        policy.sync_later = Duration::from_secs(600);
        policy.poll_first = Duration::from_secs(180);
    });
    let workers = chance.one(For::Mix, next(), &[1_usize, 2, 2]);
    let mut rough = Rough {
        workers,
        groups_max: chance.one(For::Mix, next(), &[1_usize, 2, 16]),
        kill: chance.one(For::Mix, next(), &[0.0, 0.003, 0.01, 0.04]),
        pause: chance.one(For::Mix, next(), &[0.0, 0.005, 0.02, 0.05]),
        pause_max: chance.one(For::Mix, next(), &[120.0, 900.0, 7_200.0]),
        person: chance.one(For::Mix, next(), &[0.0, 0.0, 0.002, 0.01]),
        order: chance.one(For::Mix, next(), &[0.0, 0.0, 0.002, 0.01]),
        latency: chance.one(For::Mix, next(), &[0.0, 0.2, 0.5]),
        latency_max: chance.one(For::Mix, next(), &[2.0, 25.0]),
        lasts: chance.seconds(For::Mix, next(), 900.0, 36_000.0),
        points_max: chance.one(For::Mix, next(), &[150_u64, 300, 600]),
        setbacks: BTreeMap::new(),
    };
    rough.setbacks = setbacks(chance, rough.points_max);
    let late = match scene.wishes.len() {
        0 | 1 => None,
        _ => chance.happens(For::Late, 0, 0.3).then(|| scene.wishes.pop()).flatten(),
    };
    let late = late.map(|wish| (1 + chance.number(For::Late, 1) % (rough.points_max / 2), wish));
    Mix { scene, others, late, rough }
}

fn delays(chance: Chance, place: u64) -> Delays {
    match chance.index(For::Mix, place, 4) {
        0 => Delays::none(),
        1 => Delays { directory_replication_max: 400.0, ..Delays::default() },
        2 => Delays { license_view_min: 300.0, license_view_max: 3_000.0, ..Delays::default() },
        _ => Delays::default(),
    }
}

fn faults(chance: Chance, place: u64) -> Faults {
    let names = [
        "none", "none", "throttle", "drop", "errors", "late", "late", "lies", "revoked", "conflict", "slow",
        "rough", "storm",
    ];
    let name = chance.one(For::Mix, place, &names);
    let faults = Faults::named(name).expect("a preset");
    let late_seconds_max = chance.one(For::Mix, place + 1_000, &[60.0, 60.0, 600.0]);
    Faults { late_seconds_max, ..faults }
}
