//! Claiming, and recording what is about to be sent.

use super::books::{Books, Filed};
use chrono::TimeDelta;
use seatless::domain::{
    EventKind, HolderId, Instant, OpenIntent, RequestId, Scope, Share, Step, UserId, shared_turns,
};
use seatless::store::{
    Actor, Begin, BeginFate, Claim, Event, Group, LaneId, LicenseHold, Origin, Recheck, RecheckReason, Seat,
};
use std::collections::{BTreeMap, BTreeSet};

/// Who records intents.
pub fn engine() -> Actor {
    Actor { name: "engine".to_owned(), origin: Origin::Engine }
}

impl Books {
    pub fn claim(&mut self, claim: &Claim) -> Vec<Group> {
        let lanes = self.lanes_in_turn(claim);
        let mut chosen: BTreeMap<usize, Vec<RequestId>> = BTreeMap::new();
        let mut taken_to: BTreeMap<UserId, usize> = BTreeMap::new();
        let mut waiting = Vec::new();
        for (_, id, lane) in self.due_in(&lanes, claim) {
            let (of, filed) = (&self.lanes[lane], &self.requests[&id]);
            // Halved for each time beyond the first that the whole group failed.
            let halved = claim.members_max >> of.trouble.saturating_sub(1).min(31);
            let requests = chosen.entry(lane).or_default();
            if requests.len() >= halved.max(1) as usize {
                continue;
            }
            if of.key.step.scope() == Scope::Tenant {
                let user = filed.request.user;
                let elsewhere = taken_to.get(&user).is_some_and(|other| *other != lane);
                if elsewhere || self.is_in_hand(user, id) {
                    waiting.push(id);
                    continue;
                }
                taken_to.insert(user, lane);
            }
            requests.push(id);
        }
        for id in waiting {
            let filed = self.requests.get_mut(&id).expect("it was just there");
            filed.set_due(claim.now + TimeDelta::seconds(1));
        }
        // Siblings at the same step come along.
        for (user, lane) in taken_to {
            let of_user = self.of_user(user).filter(|one| one.is_live() && !one.staged);
            let claimable = of_user.filter(|one| one.claimable_at().is_some());
            let same = claimable.filter(|one| one.lane().as_ref() == Some(&self.lanes[lane].key));
            let siblings: Vec<RequestId> = same.map(|one| one.request.id).collect();
            let requests = chosen.entry(lane).or_default();
            let fresh: Vec<RequestId> = siblings.into_iter().filter(|id| !requests.contains(id)).collect();
            requests.extend(fresh);
        }
        self.take(&lanes, &chosen, claim)
    }

    /// The due lanes, those served longest ago first, as many of each tenant as its turns allow.
    fn lanes_in_turn(&mut self, claim: &Claim) -> Vec<usize> {
        let wakes: Vec<Option<Instant>> = self.lanes.iter().map(|lane| self.wake_at(lane)).collect();
        let with_any = wakes.iter().zip(&self.lanes).filter(|(wake, _)| wake.is_some());
        let tenants: BTreeSet<String> = with_any.map(|(_, lane)| lane.key.tenant.clone()).collect();
        let is_due = |place: &usize| wakes[*place].is_some_and(|at| at <= claim.now);
        let mut due: Vec<usize> = (0..self.lanes.len()).filter(is_due).collect();
        due.sort_by_key(|place| (self.lanes[*place].served_at, *place));
        let of =
            |tenant: &String| due.iter().filter(|place| self.lanes[**place].key.tenant == *tenant).count();
        let shares: Vec<Share> = tenants
            .iter()
            .map(|tenant| Share {
                pass: self.passes.get(tenant).copied().unwrap_or(0),
                weight: claim.weights.get(tenant).copied().unwrap_or(1),
                due: of(tenant).min(claim.lanes_max as usize),
            })
            .collect();
        let granted = shared_turns(&shares, claim.lanes_max as usize);
        let mut left: BTreeMap<&String, usize> = BTreeMap::new();
        for (tenant, granted) in tenants.iter().zip(&granted) {
            left.insert(tenant, granted.turns);
            if granted.turns > 0 {
                self.passes.insert(tenant.clone(), granted.pass);
            }
        }
        due.retain(|place| match left.get_mut(&self.lanes[*place].key.tenant) {
            Some(left) if *left > 0 => {
                *left -= 1;
                true
            }
            Some(_) | None => false,
        });
        due
    }

    /// The first due requests of each lane, all by age.
    fn due_in(&self, lanes: &[usize], claim: &Claim) -> Vec<(Instant, RequestId, usize)> {
        let mut due = Vec::new();
        for place in lanes {
            let key = &self.lanes[*place].key;
            // One question serves everybody who waits for an environment.
            let is_due = |at: Instant| key.step == Step::AwaitPropagation || at <= claim.now;
            let of_lane = self.seen().filter(|one| one.lane().as_ref() == Some(key));
            let mut first: Vec<(Instant, RequestId, usize)> = of_lane
                .filter_map(|one| Some((one.claimable_at()?, one.request.id, *place)))
                .filter(|(at, ..)| is_due(*at))
                .collect();
            first.sort();
            due.extend(first.into_iter().take(claim.members_max.max(1) as usize));
        }
        due.sort();
        due
    }

    /// Whether another group is at something that changes the user in the directory.
    fn is_in_hand(&self, user: UserId, but: RequestId) -> bool {
        let at_user = |one: &Filed| one.request.step.is_some_and(|step| step.scope() == Scope::Tenant);
        self.of_user(user)
            .any(|one| one.request.id != but && one.is_live() && one.request.holder.is_some() && at_user(one))
    }

    fn take(
        &mut self,
        lanes: &[usize],
        chosen: &BTreeMap<usize, Vec<RequestId>>,
        claim: &Claim,
    ) -> Vec<Group> {
        for id in chosen.values().flatten() {
            let filed = self.requests.get_mut(id).expect("it was just there");
            filed.request.holder = Some(claim.holder);
            filed.request.epoch += 1;
            filed.request.progress.trial.claims += 1;
        }
        let mut groups = Vec::new();
        for place in lanes {
            let Some(requests) = chosen.get(place).filter(|requests| !requests.is_empty()) else { continue };
            let lane = &mut self.lanes[*place];
            lane.claimed_by = Some(claim.holder);
            lane.served_at = Some(claim.now);
            let (key, trouble) = (lane.key.clone(), lane.trouble);
            groups.push(Group {
                lane: LaneId(i64::try_from(*place).expect("a small number") + 1),
                step: key.step,
                tenant: key.tenant,
                environment: key.environment,
                trouble,
                members: requests.iter().map(|id| self.member(*id, Some(claim.now))).collect(),
            });
        }
        groups
    }

    pub fn begin(&mut self, holder: HolderId, begins: Vec<Begin>, now: Instant) -> Vec<BeginFate> {
        let mut once = BTreeSet::new();
        let mut fates = Vec::new();
        for begin in begins {
            let fate = self.fate_of(holder, &begin, once.contains(&begin.request));
            if fate == BeginFate::Begun {
                once.insert(begin.request);
                self.begin_one(begin, now);
            }
            fates.push(fate);
        }
        fates
    }

    fn fate_of(&self, holder: HolderId, begin: &Begin, again: bool) -> BeginFate {
        let ours = |one: &&Filed| {
            let request = &one.request;
            request.epoch == begin.epoch
                && request.holder == Some(holder)
                && !request.progress.paused
                && !self.is_halted(request.id)
                && request.progress.state == begin.state
        };
        let Some(filed) = self.requests.get(&begin.request).filter(ours).filter(|_| !again) else {
            return BeginFate::Lost;
        };
        match self.users[&filed.request.user].user.seat {
            Seat::None | Seat::Resting { .. } if begin.assigns_license => BeginFate::NoSeat,
            Seat::None | Seat::Resting { .. } | Seat::Held { .. } => BeginFate::Begun,
        }
    }

    fn begin_one(&mut self, begin: Begin, now: Instant) {
        let filed = self.requests.get_mut(&begin.request).expect("it is ours");
        let (trial, user) = (&mut filed.request.progress.trial, filed.request.user);
        trial.intent = Some(OpenIntent { id: begin.intent, begun_at: now });
        trial.attempts += u32::from(begin.budgeted);
        filed.request.updated_at = now;
        let person = self.users.get_mut(&user).expect("every request has a user");
        if begin.assigns_license {
            if person.user.license == LicenseHold::None {
                person.user.license = LicenseHold::MayBeHeld { intent: begin.intent };
            }
            if let Some(object_id) = person.user.object_id {
                self.rechecks.entry(begin.intent).or_insert(Recheck {
                    intent: begin.intent,
                    tenant: person.user.tenant.clone(),
                    user: Some(user),
                    object_id,
                    license: person.user.account.license,
                    reason: RecheckReason::InFlight,
                    noted_at: now,
                });
            }
        }
        if let Some(bytes) = begin.sealed_password {
            let sealed = super::books::Sealed { user, bytes, begun_at: now, taken_at: None };
            self.sealed.entry(begin.intent).or_insert(sealed);
        }
        self.tell(Event {
            sequence: 0,
            occurred_at: now,
            request: begin.request,
            user,
            actor: engine(),
            kind: EventKind::Begun,
            from: begin.state,
            to: begin.state,
            intent: Some(begin.intent),
            failure: None,
            remote_request_ids: Vec::new(),
            drift: None,
        });
    }

    pub fn free_lanes(&mut self, holder: HolderId) -> u64 {
        let taken = |lane: &&mut super::books::Lane| lane.claimed_by.is_some_and(|by| by != holder);
        let mut freed = 0;
        for lane in self.lanes.iter_mut().filter(taken) {
            lane.claimed_by = None;
            freed += 1;
        }
        freed
    }
}
