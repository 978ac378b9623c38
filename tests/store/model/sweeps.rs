//! What our writes may have left in the cloud.

use super::books::{Books, Filed};
use seatless::domain::{EventKind, Instant, IntentId, ObjectId, RequestId, State, Status, UserId};
use seatless::store::{
    Actor, BeginFate, Event, Finding, LicenseHold, Origin, Recheck, RecheckReason, SweepBegin, SweepEnd,
    SweepStanding, Trace, TracedUser,
};

impl Books {
    pub fn recheck(&mut self, rechecks: Vec<Recheck>) {
        for recheck in rechecks {
            let known = self.rechecks.entry(recheck.intent).or_insert_with(|| recheck.clone());
            (known.reason, known.noted_at) = (recheck.reason, recheck.noted_at);
        }
    }

    /// A request of the user is on its way with a license, whoever gave it.
    fn license_in_use(&self, user: UserId) -> bool {
        let with_license =
            |state| matches!(state, State::Licensed | State::Propagated | State::NonInteractive);
        self.of_user(user).any(|one| {
            one.status() == Status::Active && one.is_forward() && with_license(one.request.progress.state)
        })
    }

    fn traced(&self, id: UserId) -> Option<TracedUser> {
        let user = &self.users[&id].user;
        let request = self.of_user(id).map(|one| one.request.id).max()?;
        Some(TracedUser {
            id,
            request,
            origin: user.origin,
            object_id: user.object_id,
            license_may_be_held: user.license != LicenseHold::None,
            license_in_use: self.license_in_use(id),
            active: self.of_user(id).any(|one| one.status() == Status::Active),
            live: self.of_user(id).any(Filed::is_live),
        })
    }

    pub fn traces(&self, tenant: &str, mut objects: Vec<(ObjectId, Option<UserId>)>) -> Vec<Trace> {
        objects.sort();
        let trace = |(object, marked): (ObjectId, Option<UserId>)| {
            let of_tenant = || self.users.values().map(|one| &one.user).filter(|one| one.tenant == tenant);
            let named = of_tenant().find(|one| one.object_id == Some(object));
            let marked = || of_tenant().find(|one| Some(one.id) == marked);
            let of = self.rechecks.values().filter(|one| one.object_id == object && one.tenant == tenant);
            let mut rechecks: Vec<Recheck> = of.cloned().collect();
            rechecks.sort_by_key(|one| (one.noted_at, one.intent));
            let user = named.or_else(marked).and_then(|user| self.traced(user.id));
            Trace { object_id: object, user, rechecks }
        };
        objects.into_iter().map(trace).collect()
    }

    fn tell_of_sweep(&mut self, request: RequestId, intent: IntentId, kind: EventKind, now: Instant) {
        let Some(filed) = self.requests.get(&request) else { return };
        let (user, state) = (filed.request.user, filed.request.progress.state);
        self.tell(Event {
            sequence: 0,
            occurred_at: now,
            request,
            user,
            actor: Actor { name: "sweep".to_owned(), origin: Origin::Sweep },
            kind,
            from: state,
            to: state,
            intent: Some(intent),
            failure: None,
            remote_request_ids: Vec::new(),
            drift: None,
        });
    }

    pub fn begin_sweep(&mut self, begins: &[SweepBegin], now: Instant) -> Vec<BeginFate> {
        let removable = |user: UserId| {
            let held = self.users.get(&user).is_none_or(|one| one.user.license != LicenseHold::None);
            !held && !self.license_in_use(user)
        };
        let fates: Vec<BeginFate> = begins
            .iter()
            .map(|begin| match begin.of {
                Some((user, _)) if !removable(user) => BeginFate::Lost,
                Some(_) | None => BeginFate::Begun,
            })
            .collect();
        for (begin, fate) in begins.iter().zip(&fates) {
            if let (Some((_, request)), BeginFate::Begun) = (begin.of, fate) {
                self.tell_of_sweep(request, begin.intent, EventKind::Begun, now);
            }
        }
        fates
    }

    pub fn end_sweep(&mut self, end: SweepEnd) {
        for swept in &end.removed {
            if let Some((_, request)) = swept.of {
                self.tell_of_sweep(request, swept.intent, EventKind::Swept, end.now);
            }
            let used = |one: &Recheck| {
                one.reason == RecheckReason::Confirmed && swept.explained_by.contains(&one.intent)
            };
            self.rechecks.retain(|_, one| !used(one));
        }
        let complete = end.failure.is_none();
        let is_over = |one: &Recheck| {
            let before = match one.reason {
                RecheckReason::InFlight | RecheckReason::Fenced | RecheckReason::Confirmed => {
                    end.forget_before
                }
                RecheckReason::Deleted => end.forget_deleted_before,
            };
            one.tenant == end.tenant && one.noted_at < before && !end.explaining.contains(&one.intent)
        };
        if complete {
            self.rechecks.retain(|_, one| !is_over(one));
        }
        let key = |one: &Finding| (one.object_id, one.kind, one.license);
        let known = self.findings(&end.tenant).to_vec();
        let still = |one: &Finding| end.findings.iter().any(|found| key(found) == key(one));
        let mut findings: Vec<Finding> = end.findings.clone();
        for finding in &mut findings {
            if let Some(before) = known.iter().find(|one| key(one) == key(finding)) {
                finding.found_at = before.found_at;
            }
        }
        // What could not be looked at is not known to be gone.
        findings.extend(known.iter().filter(|one| !complete && !still(one)).cloned());
        findings.sort_by(|one, other| {
            let order = |one: &Finding| (one.kind.as_str(), one.user_principal_name.clone(), one.license);
            order(one).cmp(&order(other))
        });
        let removed = self.sweeps.get(&end.tenant).map_or(0, |sweep| sweep.removed);
        self.sweeps.insert(
            end.tenant.clone(),
            SweepStanding {
                tenant: end.tenant,
                swept_at: end.now,
                removed: removed + end.removed.len() as u64,
                failure: end.failure,
                findings,
            },
        );
    }
}
