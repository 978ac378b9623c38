//! The model and both databases on the same course.

use super::dice::Dice;
use crate::suite::build::{SALES, SERVICE};
use crate::suite::world::World;
use crate::suite::{model, postgres, sqlite};
use seatless::domain::{
    Code, HolderId, Input, ObjectId, RequestId, State, Status, Subject, Transition, UserId, decide,
};
use seatless::store::{CommitRow, Filter, Group, Member, Page, PoolKey};
use std::fmt::Debug;
use uuid::Uuid;

/// Who takes over.
pub const THIRD: HolderId = HolderId(Uuid::from_u128(0x3333));

pub const TENANTS: [&str; 2] = ["contoso", "fabrikam"];
pub const ENVIRONMENTS: [&str; 3] = ["dev", "test", "prod"];

pub struct Three {
    pub model: World,
    pub sqlite: World,
    pub postgres: World,
    pub known: Vec<RequestId>,
    /// Groups that are out, as all have given them.
    pub out: Vec<Group>,
    /// Groups that were finished, or taken away.
    pub old: Vec<Group>,
}

/// The answers of all, which are one.
pub fn same<T: PartialEq + Debug>(what: &str, model: T, sqlite: T, postgres: T) -> T {
    assert_eq!(model, sqlite, "{what}: the model left, SQLite right");
    assert_eq!(model, postgres, "{what}: the model left, PostgreSQL right");
    model
}

/// The same call on all, and its one answer.
macro_rules! all {
    ($three:expr, $what:expr, |$world:ident| $call:expr) => {{
        let model = {
            let $world = &$three.model;
            $call
        };
        let sqlite = {
            let $world = &$three.sqlite;
            $call
        };
        let postgres = {
            let $world = &$three.postgres;
            $call
        };
        $crate::suite::agreement::three::same($what, model, sqlite, postgres)
    }};
}
pub(super) use all;

pub fn decided(world: &World, member: &Member, input: Input) -> Option<Transition> {
    let subject = Subject { progress: &member.request.progress, facts: member.facts() };
    decide(&subject, input, &world.policy, world.now(), 0.5).ok()
}

pub fn rows(world: &World, members: &[Member], holder: bool, input: &Input) -> Vec<CommitRow> {
    let row = |member: &Member| {
        let row = world.row(member, decided(world, member, input.clone())?);
        Some(CommitRow { holder: row.holder.filter(|_| holder), ..row })
    };
    members.iter().filter_map(row).collect()
}

impl Three {
    pub async fn new() -> Self {
        Self {
            model: World::of(Box::new(model::fresh())).await,
            sqlite: World::of(Box::new(sqlite::factory::fresh())).await,
            postgres: World::of(Box::new(postgres::factory::fresh())).await,
            known: Vec::new(),
            out: Vec::new(),
            old: Vec::new(),
        }
    }

    pub async fn order(&mut self, dice: &mut Dice) {
        match dice.below(31) {
            0..=2 => self.submit(dice).await,
            3..=6 => self.claim(dice).await,
            7..=13 => self.finish(dice).await,
            14 => self.finish_late(dice).await,
            15 | 16 => self.command(dice).await,
            17 => self.observe(dice).await,
            18 | 19 => self.admit(dice).await,
            20 => self.take_over(dice).await,
            21 => self.give_up().await,
            22 => self.look_out(dice).await,
            23 => self.sweep(dice).await,
            24 => self.hand_over(dice).await,
            25 => self.rotate(dice).await,
            26..=28 => self.get_on(dice).await,
            _ => self.wait(dice).await,
        }
    }

    pub async fn all(&self) -> Vec<Member> {
        all!(self, "requests", |world| world.all().await)
    }

    pub async fn users(&self) -> Vec<UserId> {
        let mut users: Vec<UserId> = self.all().await.iter().map(|member| member.user.id).collect();
        users.sort();
        users.dedup();
        users
    }

    /// Everything that can be read.
    pub async fn compare(&self) {
        let all = self.all().await;
        all!(self, "counts", |world| world.store.counts(None).await.unwrap());
        all!(self, "tallies", |world| world.store.tallies().await.unwrap());
        all!(self, "pools", |world| world.store.pools().await.unwrap());
        all!(self, "lanes", |world| world.store.lanes(100).await.unwrap());
        let batches = all!(self, "batches", |world| world.store.batches(1_000).await.unwrap());
        all!(self, "next wake", |world| world.store.next_wake().await.unwrap());
        all!(self, "next rest", |world| world.store.next_rest_end().await.unwrap());
        for users_max in [1, 3, 1_000] {
            all!(self, "candidates", |world| world.store.candidates(users_max).await.unwrap());
        }
        all!(self, "unread pools", |world| world.store.pools_to_read(world.now()).await.unwrap());
        for tenant in TENANTS {
            for sku in [SALES, SERVICE] {
                let key = || PoolKey::Seat { tenant: tenant.to_owned(), sku };
                all!(self, "line", |world| world.store.seat_line(key(), 100).await.unwrap());
                all!(self, "holders", |world| {
                    world.store.confirmed_holders(key(), world.now()).await.unwrap()
                });
            }
            for place in ENVIRONMENTS {
                all!(self, "slot holders", |world| {
                    world.store.slot_holders(tenant.to_owned(), place.to_owned()).await.unwrap()
                });
            }
        }
        self.compare_watches(&all).await;
        self.compare_filters(&all).await;
        for batch in batches {
            all!(self, "counts", |world| world.store.counts(Some(batch.id)).await.unwrap());
        }
        let users = self.users().await;
        all!(self, "passwords", |world| world.store.passwords(users.clone()).await.unwrap());
        all!(self, "sweeps", |world| world.store.sweeps().await.unwrap());
        self.traces(&all).await;
        for member in &all {
            all!(self, "history", |world| world.store.history(member.request.id, 0, 1_000).await.unwrap());
        }
        all!(self, "latest", |world| world.store.latest(0, 10_000).await.unwrap());
        all!(self, "unseen", |world| world.store.unseen(100).await.unwrap());
        all!(self, "standing", |world| world.store.standing().await.unwrap());
    }

    async fn compare_filters(&self, all: &[Member]) {
        let mut filters = vec![
            Filter { drifted: true, ..Filter::default() },
            Filter { code: Some(Code::DataverseUserDisabled), ..Filter::default() },
            Filter { name_prefix: Some("User1".to_owned()), ..Filter::default() },
            Filter { state: Some(State::Created), tenant: Some("contoso".to_owned()), ..Filter::default() },
            Filter { environment: Some("dev".to_owned()), ..Filter::default() },
            Filter { text: Some("ER1".to_owned()), paused: true, ..Filter::default() },
        ];
        for status in [Status::Active, Status::Blocked, Status::Succeeded, Status::Failed, Status::Cancelled]
        {
            filters.push(Filter { status: Some(status), ..Filter::default() });
        }
        let after = all.get(all.len() / 2).map(|member| member.request.id);
        for filter in filters {
            for page in [Page { after: None, rows_max: 3 }, Page { after, rows_max: 100 }] {
                all!(self, "page", |world| world.store.requests(filter.clone(), page).await.unwrap());
            }
        }
    }

    pub async fn traces(&self, all: &[Member]) {
        for tenant in TENANTS {
            let mut objects: Vec<(ObjectId, Option<UserId>)> =
                all.iter().map(|member| (ObjectId(member.user.id.0), Some(member.user.id))).collect();
            objects.push((ObjectId(Uuid::from_u128(0xdead)), None));
            objects.sort();
            objects.dedup();
            all!(self, "traces", |world| {
                let mut traces = world.store.traces(tenant.to_owned(), objects.clone()).await.unwrap();
                // Of what was noted at once neither is the first.
                traces
                    .iter_mut()
                    .for_each(|trace| trace.rechecks.sort_by_key(|one| (one.noted_at, one.intent)));
                traces
            });
        }
    }
}
