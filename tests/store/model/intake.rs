//! Taking requests in.

use super::books::{Books, Filed, LaneKey, Person, Submission};
use seatless::domain::{BatchId, EventKind, Facts, Instant, Progress, RequestId, Scope, UserId, step_of};
use seatless::store::{
    Batch, BatchDraft, Event, LicenseHold, LicensedBy, Request, Seat, StageFault, StageReport, StagedRequest,
    StoreError, User,
};
use std::collections::BTreeSet;

fn refused(why: &str) -> StoreError {
    StoreError::Failed(why.to_owned())
}

impl Books {
    pub fn open_batch(&mut self, draft: BatchDraft) {
        let batch = Batch {
            id: draft.id,
            source: draft.source,
            actor: draft.actor,
            requests: 0,
            opened_at: draft.at,
            accepted_at: None,
        };
        self.batches.insert(draft.id, Submission { batch, faulty: false, promoted: false });
    }

    pub fn stage(
        &mut self,
        batch: BatchId,
        chunk: Vec<StagedRequest>,
        now: Instant,
    ) -> Result<StageReport, StoreError> {
        let open = self.batches.get(&batch).filter(|one| one.batch.accepted_at.is_none());
        open.ok_or_else(|| refused("it is not open"))?;
        let (mut report, mut fresh) = (StageReport::default(), BTreeSet::new());
        for one in chunk {
            self.stage_one(batch, one, now, &mut fresh, &mut report);
        }
        let submission = self.batches.get_mut(&batch).expect("it was just there");
        submission.batch.requests += report.added;
        submission.faulty |= !report.faults.is_empty();
        Ok(report)
    }

    fn stage_one(
        &mut self,
        batch: BatchId,
        one: StagedRequest,
        now: Instant,
        fresh: &mut BTreeSet<RequestId>,
        report: &mut StageReport,
    ) {
        let (asked, line) = (one.asked, one.line);
        let account = &asked.account;
        let (print, account_print) = (asked.fingerprint(), account.fingerprint());
        let known = self.users.values().find(|person| {
            person.user.tenant == asked.tenant
                && person.user.account.user_principal_name == account.user_principal_name
        });
        let known = known.map(|person| (person.user.id, person.print));
        if let Some((user, stored_print)) = known {
            let live = |filed: &&Filed| filed.is_live();
            let same = |filed: &&Filed| filed.request.asked.environment == asked.environment;
            if let Some(stored) = self.of_user(user).filter(live).find(same) {
                let of = &self.batches[&stored.request.batch];
                let elsewhere = stored.request.batch != batch;
                if stored.staged && elsewhere && of.batch.accepted_at.is_none() {
                    report.faults.push(StageFault::InProgress { line });
                } else if stored.print == print {
                    report.existing += 1;
                    if !fresh.contains(&stored.request.id) {
                        report.batches.insert(stored.request.batch);
                    }
                } else {
                    report.faults.push(StageFault::Different { line, stored: stored.request.id });
                }
                return;
            }
            let settled = self.of_user(user).any(|filed| filed.is_live());
            if settled && stored_print != account_print {
                report.faults.push(StageFault::SiblingDiffers { line, stored: user });
                return;
            }
            if !settled {
                // A new request of a user that nobody wants any more finds it anew.
                let person = self.users.get_mut(&user).expect("it was just there");
                person.user.tenant_id = asked.pinned.tenant_id;
                person.user.account = account.clone();
                person.print = account_print;
                person.user.object_id = None;
                person.user.origin = None;
            }
        } else {
            self.users.insert(one.user, new_person(one.user, &asked, account_print));
        }
        let mut progress = Progress::fresh(now);
        progress.trial.look_first = self.doubted_since.is_some();
        let request = Request {
            id: one.id,
            batch,
            user: known.map_or(one.user, |(user, _)| user),
            asked,
            progress,
            step: None,
            slot_held: false,
            epoch: 0,
            holder: None,
            system_user: None,
            resolved: None,
            submitted_at: now,
            updated_at: now,
        };
        self.requests.insert(one.id, Filed { request, staged: true, print });
        fresh.insert(one.id);
        report.added += 1;
    }

    pub fn accept(&mut self, batch: BatchId, now: Instant) -> Result<Batch, StoreError> {
        let submission = self.batches.get_mut(&batch).ok_or_else(|| refused("it is unknown"))?;
        if submission.batch.accepted_at.is_none() && !submission.faulty {
            submission.batch.accepted_at = Some(now);
        }
        match submission.batch.accepted_at {
            Some(_) => Ok(submission.batch.clone()),
            None => Err(refused("it has faults")),
        }
    }

    fn next_to_promote(&self) -> Option<BatchId> {
        let waiting = self.batches.values().filter(|one| !one.promoted && one.batch.accepted_at.is_some());
        waiting.min_by_key(|one| (one.batch.accepted_at, one.batch.id)).map(|one| one.batch.id)
    }

    pub fn promote(&mut self, rows_max: u32, now: Instant) -> bool {
        let Some(batch) = self.next_to_promote() else { return false };
        let staged = self.requests.values().filter(|one| one.staged && one.request.batch == batch);
        let portion: Vec<RequestId> = staged.map(|one| one.request.id).take(rows_max as usize).collect();
        if portion.is_empty() {
            self.batches.get_mut(&batch).expect("it was just there").promoted = true;
            return self.next_to_promote().is_some();
        }
        let actor = self.batches[&batch].batch.actor.clone();
        for id in portion {
            let progress = Progress::fresh(now);
            let step = step_of(&progress, Facts::default());
            let filed = self.requests.get_mut(&id).expect("it was just there");
            filed.staged = false;
            filed.request.progress = Progress { trial: filed.request.progress.trial.clone(), ..progress };
            filed.request.step = step;
            filed.request.updated_at = now;
            let (request, state) = (&filed.request, filed.request.progress.state);
            let (user, key) = (request.user, filed.lane());
            self.tell(Event {
                sequence: 0,
                occurred_at: now,
                request: id,
                user,
                actor: actor.clone(),
                kind: EventKind::Submitted,
                from: state,
                to: state,
                intent: None,
                failure: None,
                remote_request_ids: Vec::new(),
                drift: None,
            });
            if let Some(key) = key {
                self.lane_number(&key);
            }
        }
        true
    }

    fn next_to_discard(&self, batch: Option<BatchId>) -> Option<BatchId> {
        let of = |one: &&Submission| {
            one.batch.accepted_at.is_none() && batch.is_none_or(|batch| one.batch.id == batch)
        };
        self.batches.values().find(of).map(|one| one.batch.id)
    }

    pub fn discard(&mut self, named: Option<BatchId>, rows_max: u32) -> bool {
        let Some(batch) = self.next_to_discard(named) else { return false };
        let of_batch = self.requests.values().filter(|one| one.request.batch == batch);
        let portion: Vec<(RequestId, UserId)> =
            of_batch.map(|one| (one.request.id, one.request.user)).take(rows_max as usize).collect();
        if portion.is_empty() {
            self.batches.remove(&batch);
            return self.next_to_discard(named).is_some();
        }
        for (id, _) in &portion {
            self.requests.remove(id);
        }
        for (_, user) in portion {
            let unused = |person: &Person| {
                person.user.object_id.is_none()
                    && person.user.seat == Seat::None
                    && person.user.license == LicenseHold::None
            };
            let is_asked_for = self.of_user(user).next().is_some();
            let has_password = self.sealed.values().any(|sealed| sealed.user == user);
            if self.users.get(&user).is_some_and(unused) && !is_asked_for && !has_password {
                self.users.remove(&user);
            }
        }
        true
    }
}

fn new_person(id: UserId, asked: &seatless::domain::NewRequest, print: [u8; 32]) -> Person {
    let user = User {
        id,
        tenant: asked.tenant.clone(),
        tenant_id: asked.pinned.tenant_id,
        account: asked.account.clone(),
        object_id: None,
        origin: None,
        seat: Seat::None,
        license: LicenseHold::None,
        propagated_once: false,
        licensed_by: LicensedBy::Nobody,
    };
    Person { user, seat_license: None, print, valid: None, rotation: None, acknowledged_at: None }
}

/// The lane in which a request of an environment does a step.
pub fn lane_of(step: seatless::domain::Step, asked: &seatless::domain::NewRequest) -> LaneKey {
    LaneKey {
        step,
        tenant: asked.tenant.clone(),
        environment: (step.scope() == Scope::Environment).then(|| asked.environment.clone()),
    }
}
