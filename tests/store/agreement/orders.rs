//! What the engine and those who submit do.

use super::dice::Dice;
use super::three::{ENVIRONMENTS, TENANTS, THIRD, Three, all, decided, rows};
use crate::suite::build::{Ask, SALES, SERVICE, ask};
use crate::suite::world::{ME, OTHER, World};
use seatless::domain::{
    Charge, Code, Failure, Input, IntentId, ObjectId, OpenIntent, Outcome, SkuId, State, Status, Step,
    SystemUserId,
};
use seatless::store::{
    BeginFate, CommitRow, Group, LicenseHold, LicensedBy, PoolKey, RowFate, Tally, TallyEntry, UserOrigin,
};
use std::time::Duration;

/// Mostly a name keeps its license and its priority, so that a second submission is equal and siblings agree.
fn some_ask(dice: &mut Dice) -> Ask {
    let name = dice.below(8);
    let asked = ask(format!("user{name}")).in_environment(dice.one(&ENVIRONMENTS));
    let asked = asked.with_license(if name.is_multiple_of(3) { SERVICE } else { SALES });
    let asked = asked.of_tenant(if name == 7 { TENANTS[1] } else { TENANTS[0] });
    let asked = if dice.once_in(15) { asked.with_surname("Hopper") } else { asked };
    let asked = if dice.once_in(15) { asked.with_note("another") } else { asked };
    asked.with_priority(i32::from(name.is_multiple_of(4)))
}

fn failure(code: Code) -> Failure {
    let mut failure = Failure::new(code, "said \"so\" – é");
    failure.remote_request_ids = vec!["r-1".to_owned()];
    failure
}

fn some_outcome(dice: &mut Dice) -> Outcome {
    let seconds = Duration::from_secs(dice.below(50) as u64);
    match dice.below(22) {
        0..=12 => Outcome::Advanced,
        13 => Outcome::NotYet { wait: seconds, because: None },
        14 => Outcome::NotYet { wait: seconds, because: Some(failure(Code::RemoteUncertain)) },
        15 => Outcome::Blocked { failure: failure(Code::DataverseUserDisabled) },
        16 => Outcome::NoSeat { failure: failure(Code::GraphNoSeat) },
        17 => Outcome::Throttled { retry_after: dice.once_in(2).then_some(seconds) },
        18 => Outcome::Transient { failure: failure(Code::RemoteUncertain), charge: Charge::Member },
        19 => Outcome::Ambiguous {
            failure: failure(Code::RemoteUncertain),
            charge: Charge::Lane { wait: seconds },
        },
        20 => Outcome::Absent { failure: failure(Code::RemoteUncertain) },
        _ => Outcome::Regressed { to: State::Created, failure: failure(Code::RemoteUncertain) },
    }
}

/// How a group is worked on.
#[derive(Clone)]
struct Turn {
    begins: bool,
    seals: bool,
    outcome: Outcome,
    /// Only the first of its members are named.
    all: bool,
    learned: usize,
    adopts: bool,
    gate: Option<u64>,
    trouble: u32,
    rests: bool,
}

impl Turn {
    fn some(dice: &mut Dice) -> Self {
        Self {
            begins: dice.once_in(2),
            seals: dice.once_in(2),
            outcome: some_outcome(dice),
            all: !dice.once_in(6),
            learned: dice.below(6),
            adopts: dice.once_in(5),
            gate: dice.once_in(8).then(|| dice.below(90) as u64),
            trouble: if dice.once_in(6) { dice.below(4) as u32 } else { 0 },
            rests: !dice.once_in(4),
        }
    }

    /// Everything goes well.
    fn good() -> Self {
        Self {
            begins: true,
            seals: true,
            outcome: Outcome::Advanced,
            all: true,
            learned: 2,
            adopts: false,
            gate: None,
            trouble: 0,
            rests: true,
        }
    }

    async fn work(&self, world: &World, group: &Group) -> (Vec<BeginFate>, Vec<RowFate>) {
        let mut group = group.clone();
        let intent = IntentId(world.id());
        let begun = if self.begins { self.begin(world, &mut group, intent).await } else { Vec::new() };
        let advanced = matches!(self.outcome, Outcome::Advanced);
        let mut written = Vec::new();
        for member in &group.members {
            let behind = member.request.progress.state > State::Created;
            let outcome = match &self.outcome {
                Outcome::Regressed { .. } if !behind => Outcome::Advanced,
                outcome => outcome.clone(),
            };
            let input = Input::Reported { outcome, looked_at: world.now(), begun: self.begins };
            let Some(transition) = decided(world, member, input) else { continue };
            let mut row = world.row(member, transition);
            self.learn(&mut row, member, group.step, self.begins.then_some(intent), advanced);
            written.push(row);
        }
        if !self.all {
            written.truncate(1);
        }
        let mut commit = world.commit_of(written, Some(&group));
        if let Some(lane) = &mut commit.lane {
            lane.gate_until = self.gate.map(|seconds| world.now() + Duration::from_secs(seconds));
            lane.trouble = self.trouble;
            lane.failure = (self.trouble > 0).then(|| failure(Code::RemoteUncertain));
        }
        if !self.rests {
            commit.seat_rest = Duration::ZERO;
        }
        commit.tallies.push(TallyEntry {
            tenant: group.tenant.clone(),
            tally: Tally::SeatsReturned,
            amount: 1.0,
        });
        (begun, world.commit(commit).await)
    }

    async fn begin(&self, world: &World, group: &mut Group, intent: IntentId) -> Vec<BeginFate> {
        let mut begins: Vec<_> = group.members.iter().map(|member| world.begin_of(member, intent)).collect();
        if let Some(first) = begins.first_mut().filter(|_| self.seals && group.step == Step::CreateUser) {
            first.sealed_password = Some(vec![7; 9]);
        }
        let holder = group.members[0].request.holder.expect("it is claimed");
        let fates = world.store.begin(holder, begins, world.now()).await.expect("intents can be recorded");
        for (member, fate) in group.members.iter_mut().zip(&fates) {
            if *fate == BeginFate::Begun {
                let trial = &mut member.request.progress.trial;
                trial.attempts += 1;
                trial.intent = Some(OpenIntent { id: intent, begun_at: world.now() });
                if group.step == Step::AssignLicense && member.user.license == LicenseHold::None {
                    member.user.license = LicenseHold::MayBeHeld { intent };
                }
            }
        }
        fates
    }

    /// What the step would learn.
    fn learn(
        &self,
        row: &mut CommitRow,
        member: &seatless::store::Member,
        step: Step,
        intent: Option<IntentId>,
        advanced: bool,
    ) {
        let learned = &mut row.learned;
        if step == Step::CreateUser && advanced {
            learned.object_id = Some(ObjectId(member.user.id.0));
            learned.origin = Some(if self.adopts { UserOrigin::Adopted } else { UserOrigin::Made });
            learned.password_intent =
                intent.or(member.request.progress.trial.intent.map(|open| open.id)).filter(|_| !self.adopts);
            learned.licensed_by = self.adopts.then_some(LicensedBy::Group);
        }
        learned.user_gone = step == Step::DeleteUser && advanced;
        match self.learned {
            0 => learned.memo = Some("seen".to_owned()),
            1 => learned.resolved = Some("{\"unit\":1}".to_owned()),
            2 => learned.system_user = Some(SystemUserId(member.user.id.0)),
            3 => learned.remote_request_ids = vec!["r-1".to_owned(), "r-2".to_owned(), "r-2".to_owned()],
            4 => learned.has_past = self.adopts,
            _ => {}
        }
    }
}

impl Three {
    pub async fn submit(&mut self, dice: &mut Dice) {
        let batch = all!(self, "open", |world| world.open_batch().await);
        let mut sound = true;
        for _ in 0..=dice.below(2) {
            let asks: Vec<Ask> = (0..=dice.below(4)).map(|_| some_ask(dice)).collect();
            let report = all!(self, "stage", |world| world.stage(batch, &asks).await);
            sound &= report.faults.is_empty();
        }
        if dice.once_in(8) {
            // Whoever submitted it is gone; the next one to discard everything removes it.
            return;
        }
        if sound {
            all!(self, "accept", |world| world.store.accept(batch, world.now()).await.unwrap());
            let portion = dice.below(5) as u32 + 1;
            let at_once = !dice.once_in(4);
            all!(self, "promote", |world| {
                let mut more = world.store.promote(portion, world.now()).await.unwrap();
                while more && at_once {
                    more = world.store.promote(portion, world.now()).await.unwrap();
                }
                more
            });
        } else {
            let refused = all!(self, "accept", |world| world.store.accept(batch, world.now()).await.is_err());
            assert!(refused, "a batch with faults is not accepted");
            let named = dice.once_in(2).then_some(batch);
            all!(self, "discard", |world| {
                let mut rounds = 0;
                while world.store.discard(named, 2).await.unwrap() {
                    rounds += 1;
                }
                rounds
            });
        }
        self.known = self.all().await.iter().map(|member| member.request.id).collect();
    }

    pub async fn claim(&mut self, dice: &mut Dice) {
        let (holder, lanes) = (dice.one(&[ME, ME, OTHER]), dice.below(4) as u32 + 1);
        let members = dice.below(4) as u32 + 1;
        let groups = all!(self, "claim", |world| world.claim_as(holder, lanes, members).await);
        self.out.extend(groups);
    }

    pub async fn finish(&mut self, dice: &mut Dice) {
        if self.out.is_empty() {
            return;
        }
        let group = self.out.swap_remove(dice.below(self.out.len()));
        let turn = Turn::some(dice);
        all!(self, "finish", |world| turn.work(world, &group).await);
        self.old.push(group);
    }

    /// For a while there is room for everybody, and everything goes well; otherwise hardly anybody would come to an end.
    pub async fn get_on(&mut self, dice: &mut Dice) {
        for sku in [SALES, SERVICE] {
            all!(self, "observe", |world| world.observe_seats(sku, 9, 0).await);
        }
        for place in ENVIRONMENTS {
            all!(self, "observe", |world| world.offer_slots(place, 30).await);
        }
        for _ in 0..=dice.below(6) {
            self.admit(dice).await;
            let groups = all!(self, "claim", |world| world.claim_as(ME, 4, 6).await);
            for group in groups {
                all!(self, "finish", |world| Turn::good().work(world, &group).await);
                self.old.push(group);
            }
            self.wait(dice).await;
        }
    }

    /// Somebody who has lost its group long ago comes back.
    pub async fn finish_late(&mut self, dice: &mut Dice) {
        if self.old.is_empty() {
            return;
        }
        let group = dice.one(&self.old);
        let turn = Turn::some(dice);
        all!(self, "finish late", |world| turn.work(world, &group).await);
    }

    pub async fn observe(&mut self, dice: &mut Dice) {
        let tenant = dice.one(&TENANTS);
        let (sku, free) = (dice.one::<SkuId>(&[SALES, SERVICE]), dice.below(5) as u32);
        let (place, slots_max) = (dice.one(&ENVIRONMENTS), dice.below(9) as u32);
        let others = dice.below(2) as u32;
        let seat = PoolKey::Seat { tenant: tenant.to_owned(), sku };
        let slot = PoolKey::Slot { tenant: tenant.to_owned(), environment: place.to_owned() };
        for (key, capacity) in [(seat, free), (slot, slots_max)] {
            all!(self, "observe", |world| {
                world.store.observe(key.clone(), capacity, others, world.now()).await.unwrap()
            });
        }
    }

    pub async fn admit(&mut self, dice: &mut Dice) {
        let users_max = dice.below(6) as u32 + 1;
        let candidates = all!(self, "candidates", |world| world.store.candidates(users_max).await.unwrap());
        all!(self, "admit", |world| {
            world.commit_rows(rows(world, &candidates, false, &Input::Admitted)).await
        });
    }

    pub async fn take_over(&mut self, dice: &mut Dice) {
        if dice.once_in(2) {
            return;
        }
        let stranded = all!(self, "stranded", |world| {
            let mut stranded = world.store.claimed_by_others(THIRD, 1_000).await.unwrap();
            stranded.sort_by_key(|member| member.request.id);
            stranded
        });
        all!(self, "rescue", |world| {
            world.commit_rows(rows(world, &stranded, false, &Input::Rescued)).await
        });
        all!(self, "free lanes", |world| world.store.free_lanes(THIRD).await.unwrap());
        self.old.append(&mut self.out);
    }

    pub async fn give_up(&mut self) {
        let blocked = all!(self, "blocked", |world| {
            world.store.blocked_since(world.now() - Duration::from_secs(900), 2).await.unwrap()
        });
        all!(self, "give up", |world| {
            world.commit_rows(rows(world, &blocked, false, &Input::GivenUp)).await
        });
        assert!(blocked.iter().all(|member| member.request.progress.status() == Status::Blocked));
    }

    pub async fn wait(&mut self, dice: &mut Dice) {
        let seconds = dice.below(900) as u64;
        all!(self, "wait", |world| world.wait(seconds));
        all!(self, "end rests", |world| world.store.end_rests(world.now()).await.unwrap());
    }
}
