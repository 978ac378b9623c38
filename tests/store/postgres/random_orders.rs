//! The same random orders into both databases: equal results, equal rows, equal histories.

use super::factory;
use crate::suite::build::{Ask, SALES, SERVICE, ask};
use crate::suite::sqlite;
use crate::suite::world::{ME, OTHER, World, seats, slots};
use seatless::domain::{
    Code, Command, Failure, HolderId, Input, Outcome, RequestId, SkuId, Subject, Transition, decide,
};
use seatless::store::{CommitRow, Group, Member, RowFate};
use std::fmt::Debug;
use std::time::Duration;
use uuid::Uuid;

/// Who takes over.
const THIRD: HolderId = HolderId(Uuid::from_u128(0x3333));

/// How many courses are taken, and how many orders each has. `SEATLESS_ORDER_SEEDS` asks for more courses.
const SEEDS: u64 = 6;
const ORDERS: usize = 120;

/// Chance that is the same each time (xorshift).
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        usize::try_from(self.0 % most as u64).expect("it is below a small number")
    }

    fn one<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len())]
    }
}

/// Both databases on the same course.
struct Twins {
    sqlite: World,
    postgres: World,
    known: Vec<RequestId>,
    /// Groups that are out, as both have given them.
    out: Vec<Group>,
}

fn same<T: PartialEq + Debug>(what: &str, sqlite: T, postgres: T) -> T {
    assert_eq!(sqlite, postgres, "{what}: SQLite left, PostgreSQL right");
    sqlite
}

/// The same call on both, and its one answer.
macro_rules! both {
    ($twins:expr, $what:expr, |$world:ident| $call:expr) => {{
        let sqlite = {
            let $world = &$twins.sqlite;
            $call
        };
        let postgres = {
            let $world = &$twins.postgres;
            $call
        };
        same($what, sqlite, postgres)
    }};
}

/// Names keep their license and their priority, so that a second submission is equal and siblings agree.
fn some_ask(dice: &mut Dice) -> Ask {
    let name = dice.below(8);
    let asked = ask(format!("user{name}")).in_environment(dice.one(&["dev", "test", "prod"]));
    let asked = asked.with_license(if name.is_multiple_of(3) { SERVICE } else { SALES });
    asked.with_priority(i32::from(name.is_multiple_of(4)))
}

fn decided(world: &World, member: &Member, input: Input) -> Option<Transition> {
    let subject = Subject { progress: &member.request.progress, facts: member.facts() };
    decide(&subject, input, &world.policy, world.now(), 0.5).ok()
}

fn rows(world: &World, members: &[Member], holder: bool, input: &Input) -> Vec<CommitRow> {
    let row = |member: &Member| {
        let row = world.row(member, decided(world, member, input.clone())?);
        Some(CommitRow { holder: row.holder.filter(|_| holder), ..row })
    };
    members.iter().filter_map(row).collect()
}

fn some_outcome(dice: &mut Dice) -> Outcome {
    match dice.below(8) {
        0..=4 => Outcome::Advanced,
        5 => Outcome::NotYet { wait: Duration::from_secs(dice.below(50) as u64), because: None },
        6 => Outcome::Blocked { failure: Failure::new(Code::DataverseUserDisabled, "") },
        _ => Outcome::NoSeat { failure: Failure::new(Code::GraphNoSeat, "") },
    }
}

impl Twins {
    async fn new() -> Self {
        Self {
            sqlite: World::of(Box::new(sqlite::factory::fresh())).await,
            postgres: World::of(Box::new(factory::fresh())).await,
            known: Vec::new(),
            out: Vec::new(),
        }
    }

    async fn order(&mut self, dice: &mut Dice) {
        match dice.below(12) {
            0 | 1 => self.submit(dice).await,
            2..=4 => {
                let (holder, lanes, members) = (dice.one(&[ME, ME, OTHER]), dice.below(4), dice.below(4));
                let (lanes, members) = (lanes as u32 + 1, members as u32 + 1);
                let groups = both!(self, "claim", |world| world.claim_as(holder, lanes, members).await);
                self.out.extend(groups);
            }
            5..=7 => self.finish(dice).await,
            8 => self.command(dice).await,
            9 => {
                let (sku, free) = (dice.one::<SkuId>(&[SALES, SERVICE]), dice.below(4) as u32);
                let (place, slots_max) = (dice.one(&["dev", "test", "prod"]), dice.below(9) as u32);
                both!(self, "observe", |world| world.observe_seats(sku, free, 0).await);
                both!(self, "observe", |world| world.offer_slots(place, slots_max).await);
            }
            10 => {
                let candidates = both!(self, "candidates", |world| world.store.candidates(5).await.unwrap());
                both!(self, "admit", |world| {
                    world.commit_rows(rows(world, &candidates, false, &Input::Admitted)).await
                });
            }
            _ => {
                let seconds = dice.below(400) as u64;
                both!(self, "wait", |world| world.wait(seconds));
                both!(self, "end rests", |world| world.store.end_rests(world.now()).await.unwrap());
                if dice.below(4) == 0 {
                    self.take_over().await;
                }
            }
        }
    }

    async fn submit(&mut self, dice: &mut Dice) {
        let asks: Vec<Ask> = (0..=dice.below(4)).map(|_| some_ask(dice)).collect();
        let batch = both!(self, "open", |world| world.open_batch().await);
        let report = both!(self, "stage", |world| world.stage(batch, &asks).await);
        if report.faults.is_empty() && report.added > 0 {
            both!(self, "accept", |world| world.accept(batch).await);
            both!(self, "promote", |world| world.promote().await);
            let all = both!(self, "all", |world| world.all().await);
            self.known = all.iter().map(|member| member.request.id).collect();
        } else {
            both!(self, "discard", |world| while world.store.discard(Some(batch), 2).await.unwrap() {});
        }
    }

    async fn finish(&mut self, dice: &mut Dice) {
        if self.out.is_empty() {
            return;
        }
        let group = self.out.swap_remove(dice.below(self.out.len()));
        let outcome = some_outcome(dice);
        let begins = dice.below(2) == 0;
        let finish = async |world: &World| {
            let mut group = group.clone();
            let begun = if begins { world.begin_group(&mut group).await } else { Vec::new() };
            let input = Input::Reported { outcome: outcome.clone(), looked_at: world.now(), begun: begins };
            let rows = rows(world, &group.members, true, &input);
            let fates: Vec<RowFate> = world.commit(world.commit_of(rows, Some(&group))).await;
            (begun, fates)
        };
        both!(self, "finish", |world| finish(world).await);
    }

    async fn command(&mut self, dice: &mut Dice) {
        if self.known.is_empty() {
            return;
        }
        let id = dice.one(&self.known);
        let command = dice.one(&[
            Command::Cancel,
            Command::CancelAndDelete,
            Command::Retry,
            Command::Retry,
            Command::Pause,
            Command::Resume,
        ]);
        let member = both!(self, "member", |world| world.member(id).await);
        both!(self, "command", |world| {
            world
                .commit_rows(rows(world, std::slice::from_ref(&member), false, &Input::Ordered(command)))
                .await
        });
    }

    async fn take_over(&mut self) {
        let mut stranded = both!(self, "stranded", |world| {
            let mut stranded = world.store.claimed_by_others(THIRD, 1_000).await.unwrap();
            stranded.sort_by_key(|member| member.request.id);
            stranded
        });
        stranded.truncate(1_000);
        both!(self, "rescue", |world| {
            world.commit_rows(rows(world, &stranded, false, &Input::Rescued)).await
        });
        both!(self, "free lanes", |world| world.store.free_lanes(THIRD).await.unwrap());
    }

    /// Everything that can be read.
    async fn compare(&self) {
        let all = both!(self, "requests", |world| world.all().await);
        both!(self, "counts", |world| world.store.counts(None).await.unwrap());
        both!(self, "pools", |world| world.store.pools().await.unwrap());
        both!(self, "lanes", |world| world.store.lanes(100).await.unwrap());
        both!(self, "batches", |world| world.store.batches(1_000).await.unwrap());
        both!(self, "next wake", |world| world.store.next_wake().await.unwrap());
        both!(self, "next rest", |world| world.store.next_rest_end().await.unwrap());
        both!(self, "candidates", |world| world.store.candidates(1_000).await.unwrap());
        both!(self, "unread pools", |world| world.store.pools_to_read(world.now()).await.unwrap());
        for sku in [SALES, SERVICE] {
            both!(self, "line", |world| world.store.seat_line(seats(sku), 100).await.unwrap());
            both!(self, "holders", |world| {
                world.store.confirmed_holders(seats(sku), world.now()).await.unwrap()
            });
        }
        both!(self, "slots", |world| world.store.pool(slots("dev")).await.unwrap());
        both!(self, "next watch", |world| world.store.next_watch().await.unwrap());
        for member in all {
            both!(self, "history", |world| world.store.history(member.request.id, 0, 1_000).await.unwrap());
        }
        both!(self, "latest", |world| world.store.latest(0, 10_000).await.unwrap());
    }
}

#[tokio::test]
async fn both_databases_come_to_the_same() {
    let seeds = std::env::var("SEATLESS_ORDER_SEEDS").ok().and_then(|seeds| seeds.parse().ok());
    let mut ended = 0;
    for seed in 1..=seeds.unwrap_or(SEEDS) {
        let mut dice = Dice(seed.wrapping_mul(0x9e37_79b9_7f4a_7c15));
        let mut twins = Twins::new().await;
        for number in 0..ORDERS {
            twins.order(&mut dice).await;
            if number % 20 == 19 {
                twins.compare().await;
            }
        }
        twins.postgres.recount().await;
        let all = twins.postgres.all().await;
        ended += all.iter().filter(|member| member.request.progress.status().is_terminal()).count();
    }
    assert!(ended > 0, "the courses lead somewhere");
}
