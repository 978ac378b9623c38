//! How fast it was, and how fast it could have been at best.

use super::people::People;
use super::plant::{LICENSES, Plant, SEATS, sku};
use seatless::domain::{BatchId, EventKind, Instant, SkuId};
use seatless::simulator::{Drawn, Draws};
use seatless::store::{Events, Filter, Page, Pool, PoolKey, Requests};
use std::collections::HashMap;
use std::fmt::Write;
use std::time::Duration;
use uuid::Uuid;

/// What was seen on the way.
#[derive(Default)]
pub(crate) struct Watched {
    /// When a seat of each license was last out or resting.
    busy_until: HashMap<&'static str, Instant>,
    /// For how many seconds seats were neither out nor resting while somebody waited.
    idle_seconds: HashMap<&'static str, f64>,
    seen_at: Option<Instant>,
}

impl Watched {
    /// Looks at the pools of seats after all work that was due.
    pub(crate) fn watch(&mut self, plant: &Plant, seats: &[Pool]) {
        let now = plant.now();
        let since = self.seen_at.map_or(0.0, |at| (now - at).to_std().unwrap_or_default().as_secs_f64());
        self.seen_at = Some(now);
        for pool in seats {
            let of_pool =
                |license: &str| matches!(&pool.key, PoolKey::Seat { sku: of, .. } if *of == sku(license));
            let (license, _) = LICENSES.iter().find(|(license, _)| of_pool(license)).expect("a license");
            assert!(pool.held <= SEATS, "oversold by our own count: {pool:?}");
            if pool.held > 0 {
                self.busy_until.insert(license, now);
            }
            if pool.waiting > 0 {
                let idle = f64::from(SEATS - pool.held) * since;
                *self.idle_seconds.entry(license).or_default() += idle;
            }
        }
    }

    /// Reckons up when everything is over.
    pub(crate) async fn reckon(self, plant: &Plant) -> Reckoning {
        let members = plant.members().await;
        let users = members.iter().filter_map(|member| {
            let name = member.user.account.user_principal_name.to_string();
            Some((member.user.object_id?.0, (member.user.account.license, name)))
        });
        let mut refusals = 0;
        for member in &members {
            for event in plant.store.history(member.request.id, 0, 1_000).await.expect("the store works") {
                let code = event.failure.as_ref().map(|failure| failure.code.as_str());
                refusals += u32::from(code == Some("graph.no-seat"));
            }
        }
        Reckoning { watched: self, users: users.collect(), draws: plant.simulator.draws(), refusals }
    }
}

/// The figures.
pub(crate) struct Reckoning {
    watched: Watched,
    users: HashMap<Uuid, (SkuId, String)>,
    draws: Draws,
    refusals: u32,
}

impl Reckoning {
    /// How long it took until the last seat was back.
    pub(crate) fn makespan(&self, plant: &Plant) -> Duration {
        let last = self.watched.busy_until.values().max().expect("seats were held");
        (*last - plant.clock.started()).to_std().unwrap_or_default()
    }

    /// The least that the tightest pool takes: the sum of its minimal holds and of the time for which people kept its
    /// seats, over its seats.
    pub(crate) fn bound(&self, plant: &Plant, people: &People) -> Duration {
        LICENSES.iter().map(|(license, _)| self.least(plant, people, license)).max().expect("licenses")
    }

    fn least(&self, plant: &Plant, people: &People, license: &'static str) -> Duration {
        let end = *self.watched.busy_until.get(license).expect("its seats were held");
        let (_, holds) = self.holds(plant, people, license);
        (holds + people.seat_time(license, end)) / SEATS
    }

    /// How often seats of a license were held by our doing, and for how long at best: what the simulator drew for the
    /// license and for the row (the slowest, for siblings), one poll interval, and the rest.
    fn holds(&self, plant: &Plant, people: &People, license: &'static str) -> (u32, Duration) {
        let of_license = |drawn: &&Drawn| {
            self.users.get(&drawn.user).is_some_and(|(license_of, _)| *license_of == sku(license))
        };
        let by_people = |drawn: &&Drawn| {
            let name = self.users.get(&drawn.user).map(|(_, name)| name);
            people.taken.iter().any(|taken| taken.from == drawn.at && taken.user.as_ref() == name)
        };
        let mut rows: HashMap<Uuid, Duration> = HashMap::new();
        for drawn in self.draws.rows.iter().filter(of_license) {
            let slowest = rows.entry(drawn.user).or_default();
            *slowest = (*slowest).max(lag(drawn));
        }
        let (mut count, mut sum) = (0, Duration::ZERO);
        for drawn in self.draws.views.iter().filter(of_license).filter(|drawn| !by_people(drawn)) {
            // The row comes once, however often the license is given.
            let row = rows.remove(&drawn.user).unwrap_or_default();
            sum += lag(drawn) + row + plant.policy.poll_first + plant.policy.seat_cool_down;
            count += 1;
        }
        (count, sum)
    }

    /// How long a batch waited until its last request had a seat.
    pub(crate) async fn seats_after(&self, plant: &Plant, batch: BatchId) -> Duration {
        let filter = Filter { batch: Some(batch), ..Filter::default() };
        let page = Page { after: None, rows_max: 100 };
        let (mut began, mut granted) = (Vec::new(), Vec::new());
        for member in plant.store.requests(filter, page).await.expect("the store works") {
            let history = plant.store.history(member.request.id, 0, 1_000).await.expect("the store works");
            let of = |kind| history.iter().find(|event| event.kind == kind).map(|event| event.occurred_at);
            let created = history.iter().find(|event| event.to == seatless::domain::State::Created);
            began.extend(created.map(|event| event.occurred_at));
            granted.extend(of(EventKind::Admitted));
        }
        let (began, granted) = (began.iter().min().expect("a wait"), granted.iter().max().expect("a seat"));
        (*granted - *began).to_std().unwrap_or_default()
    }

    pub(crate) fn told(&self, plant: &Plant, people: &People) -> String {
        let crowd = plant.crowd;
        let [took, gave, deleted, removed, reverted] = people.acts;
        let mut text = format!(
            "{} requests, {} environments, {} seats over {} licenses, seed {}: {} steps, {} refusals by the cloud; people \
             took {took} seats, licensed {gave} users, deleted {deleted}, unlicensed {removed}, reverted {reverted}\n",
            crowd.requests,
            crowd.environments,
            SEATS as usize * LICENSES.len(),
            LICENSES.len(),
            crowd.seed,
            plant.steps,
            self.refusals
        );
        for (license, _) in LICENSES {
            let end = self.watched.busy_until.get(license).expect("its seats were held");
            let took = (*end - plant.clock.started()).to_std().unwrap_or_default();
            let (holds, _) = self.holds(plant, people, license);
            let least = self.least(plant, people, license);
            let _ = writeln!(
                text,
                "  {license:36} {holds:4} holds, at best {:6} s, took {:6} s, ratio {:.3}; {:6.0} seat seconds unused, \
                 {:6} taken by people",
                least.as_secs(),
                took.as_secs(),
                took.as_secs_f64() / least.as_secs_f64(),
                self.watched.idle_seconds.get(license).copied().unwrap_or_default(),
                people.seat_time(license, *end).as_secs(),
            );
        }
        let (makespan, bound) = (self.makespan(plant), self.bound(plant, people));
        let _ = write!(
            text,
            "  makespan {} s, bound {} s, ratio {:.3}",
            makespan.as_secs(),
            bound.as_secs(),
            makespan.as_secs_f64() / bound.as_secs_f64()
        );
        text
    }
}

fn lag(drawn: &Drawn) -> Duration {
    (drawn.until - drawn.at).to_std().unwrap_or_default()
}
