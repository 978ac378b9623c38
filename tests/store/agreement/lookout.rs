//! Work beside the lanes: the watch over finished accounts, and the sweep.

use super::dice::Dice;
use super::three::{TENANTS, Three, all};
use crate::suite::world::engine;
use seatless::domain::{Code, Drift, DriftKind, Failure, IntentId, ObjectId, Sight};
use seatless::store::{
    Finding, FindingKind, Member, Recheck, RecheckReason, SweepBegin, SweepEnd, Swept, WatchNote,
};
use std::time::Duration;

fn some_sight(dice: &mut Dice) -> Sight {
    let drift = |kind: DriftKind| Drift::new(kind, "seen \"so\" — é");
    let kind = dice.one(DriftKind::ALL);
    match dice.below(5) {
        0 => Sight::Found { drifts: Vec::new() },
        1 | 2 => Sight::Found { drifts: vec![drift(kind)] },
        3 => Sight::Absent { drift: drift(kind), others: Vec::new() },
        _ => Sight::Unseen { failure: Failure::new(Code::RemoteUncertain, ""), retry_after_seconds: Some(9) },
    }
}

impl Three {
    pub async fn look_out(&mut self, dice: &mut Dice) {
        all!(self, "due watches", |world| {
            let mut groups = world.store.due_watches(world.now(), 100, 100).await.unwrap();
            // Of what is due at the same instant neither is the first.
            groups.iter_mut().for_each(|group| group.members.sort_by_key(|member| member.request.id));
            groups.sort_by(|one, other| {
                (&one.tenant, &one.environment).cmp(&(&other.tenant, &other.environment))
            });
            groups
        });
        let known = self.known.clone();
        let watches = all!(self, "watches", |world| world.store.watches(known.clone()).await.unwrap());
        let mut notes = Vec::new();
        for (request, mut before) in dice.some(&watches) {
            let weighed = before.weigh(some_sight(dice), &self.model.policy, self.model.now());
            // Somebody else may have looked meanwhile.
            before.looks += u32::from(dice.once_in(6));
            notes.push(WatchNote { request, before, weighed });
        }
        all!(self, "note", |world| {
            world.store.note_watches(notes.clone(), engine(), world.now()).await.unwrap()
        });
    }

    pub async fn compare_watches(&self, all: &[Member]) {
        all!(self, "next watch", |world| world.store.next_watch().await.unwrap());
        all!(self, "drift", |world| world.store.drift_counts().await.unwrap());
        let ids: Vec<_> = all.iter().map(|member| member.request.id).collect();
        all!(self, "watches", |world| world.store.watches(ids.clone()).await.unwrap());
    }

    pub async fn sweep(&mut self, dice: &mut Dice) {
        let all = self.all().await;
        let tenant = dice.one(&TENANTS).to_owned();
        let of_tenant: Vec<Member> =
            all.iter().filter(|member| member.request.asked.tenant == tenant).cloned().collect();
        let some = dice.some(&of_tenant);
        let mut begins = Vec::new();
        for member in &some {
            let intent = all!(self, "an id", |world| IntentId(world.id()));
            if dice.once_in(2) {
                let recheck = Recheck {
                    intent,
                    tenant: tenant.clone(),
                    user: Some(member.user.id),
                    object_id: ObjectId(member.user.id.0),
                    license: member.user.account.license,
                    reason: dice.one(RecheckReason::ALL),
                    noted_at: self.model.now(),
                };
                all!(self, "recheck", |world| world.store.recheck(vec![recheck.clone()]).await.unwrap());
            }
            begins.push(SweepBegin { of: Some((member.user.id, member.request.id)), intent });
        }
        all!(self, "begin sweep", |world| {
            world.store.begin_sweep(begins.clone(), world.now()).await.unwrap()
        });
        let end = self.end_of(dice, tenant, &some, &begins);
        all!(self, "end sweep", |world| world.store.end_sweep(end.clone()).await.unwrap());
        self.traces(&all).await;
    }

    fn end_of(&self, dice: &mut Dice, tenant: String, some: &[Member], begins: &[SweepBegin]) -> SweepEnd {
        let now = self.model.now();
        let mut findings: Vec<Finding> = Vec::new();
        for member in some {
            if dice.once_in(2) {
                continue;
            }
            findings.push(Finding {
                tenant: tenant.clone(),
                object_id: ObjectId(member.user.id.0),
                user_principal_name: member.user.account.user_principal_name.to_string(),
                kind: dice.one(FindingKind::ALL),
                license: dice.once_in(2).then_some(member.user.account.license),
                user: Some(member.user.id),
                request: Some(member.request.id),
                failure: Failure::new(Code::RemoteUncertain, "left"),
                found_at: now,
            });
        }
        findings.sort_by_key(|one| (one.object_id, one.kind, one.license));
        findings.dedup_by_key(|one| (one.object_id, one.kind, one.license));
        let removed = begins.iter().filter(|_| dice.once_in(2)).map(|begin| Swept {
            of: begin.of,
            intent: begin.intent,
            explained_by: begins.iter().map(|begin| begin.intent).collect(),
        });
        let removed = removed.collect();
        let explaining = begins.iter().filter(|_| dice.once_in(3)).map(|begin| begin.intent).collect();
        SweepEnd {
            tenant,
            now,
            removed,
            findings,
            explaining,
            failure: dice.once_in(3).then(|| Failure::new(Code::RemoteUncertain, "unseen")),
            forget_before: now - Duration::from_secs(600),
            forget_deleted_before: now - Duration::from_secs(3_000),
        }
    }
}
