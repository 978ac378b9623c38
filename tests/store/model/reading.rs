//! What can be read, and the watch over finished accounts.

use super::books::{Books, Filed};
use seatless::domain::{
    BatchId, DriftChange, EventKind, HolderId, Instant, Phase, RequestId, State, Status, Watch,
};
use seatless::store::{
    Actor, Batch, Count, DriftCount, Event, Filter, LaneView, Member, Page, RowFate, Tally, WatchGroup,
    WatchNote,
};
use std::collections::BTreeMap;

/// The failure of a request that is blocked or has failed.
fn code_of(filed: &Filed) -> Option<seatless::domain::Code> {
    match &filed.request.progress.phase {
        Phase::Blocked { failure, .. } | Phase::Failed { failure } => Some(failure.code),
        Phase::Active { .. } | Phase::Succeeded | Phase::Cancelled => None,
    }
}

impl Books {
    fn members<'a>(&'a self, of: impl Iterator<Item = &'a Filed>, rows_max: u32) -> Vec<Member> {
        of.take(rows_max as usize).map(|one| self.member(one.request.id, None)).collect()
    }

    pub fn request(&self, id: RequestId) -> Option<Member> {
        self.requests.get(&id).filter(|one| !one.staged).map(|_| self.member(id, None))
    }

    pub fn page(&self, filter: &Filter, page: Page) -> Vec<Member> {
        let prefix = filter.name_prefix.as_ref().map(|prefix| prefix.to_lowercase());
        let selected = |one: &&Filed| {
            let (request, asked) = (&one.request, &one.request.asked);
            let name = self.users[&request.user].user.account.user_principal_name.as_str();
            let drifted = || self.watches.get(&request.id).is_some_and(|watch| !watch.drifts.is_empty());
            let is_known_by = |text: &str| {
                let account = &self.users[&request.user].user.account;
                let texts = [Some(&account.display_name), asked.external_id.as_ref(), asked.note.as_ref()];
                let stands = |within: &str| within.to_ascii_lowercase().contains(&text.to_ascii_lowercase());
                stands(name) || texts.into_iter().flatten().any(|within| stands(within))
            };
            page.after.is_none_or(|after| request.id > after)
                && filter.batch.is_none_or(|batch| request.batch == batch)
                && filter.tenant.as_ref().is_none_or(|tenant| asked.tenant == *tenant)
                && filter.environment.as_ref().is_none_or(|environment| asked.environment == *environment)
                && filter.state.is_none_or(|state| request.progress.state == state)
                && filter.status.is_none_or(|status| one.status() == status)
                && filter.code.is_none_or(|code| code_of(one) == Some(code))
                && prefix.as_ref().is_none_or(|prefix| name.starts_with(prefix.as_str()))
                && (!filter.drifted || drifted())
                && (!filter.paused || request.progress.paused)
                && filter.text.as_ref().is_none_or(|text| is_known_by(text))
                && filter.submitted_from.is_none_or(|from| request.submitted_at >= from)
                && filter.submitted_before.is_none_or(|before| request.submitted_at < before)
        };
        self.members(self.seen().filter(selected), page.rows_max)
    }

    pub fn counts(&self, batch: Option<BatchId>) -> Vec<Count> {
        let mut counts: BTreeMap<_, Count> = BTreeMap::new();
        for filed in self.seen().filter(|one| batch.is_none_or(|batch| one.request.batch == batch)) {
            let (asked, of) = (&filed.request.asked, filed.request.batch);
            let (state, status) = (filed.request.progress.state, filed.status());
            let key = (of, asked.tenant.clone(), asked.environment.clone(), state.as_str(), status.as_str());
            let fresh = || Count {
                batch: of,
                tenant: asked.tenant.clone(),
                environment: asked.environment.clone(),
                state,
                status,
                requests: 0,
            };
            counts.entry(key).or_insert_with(fresh).requests += 1;
        }
        counts.into_values().collect()
    }

    pub fn tallies(&self) -> Vec<(String, Tally, f64)> {
        let mut tallies: Vec<(String, Tally, f64)> =
            self.tallies.iter().map(|((tenant, tally), amount)| (tenant.clone(), *tally, *amount)).collect();
        tallies.sort_by(|one, other| (&one.0, one.1.as_str()).cmp(&(&other.0, other.1.as_str())));
        tallies
    }

    pub fn batches(&self, rows_max: u32) -> Vec<Batch> {
        let accepted = self.batches.values().rev().filter(|one| one.batch.accepted_at.is_some());
        accepted.take(rows_max as usize).map(|one| one.batch.clone()).collect()
    }

    pub fn history(&self, request: RequestId, after: i64, rows_max: u32) -> Vec<Event> {
        let of = self.events.iter().filter(|event| event.request == request && event.sequence > after);
        of.take(rows_max as usize).cloned().collect()
    }

    pub fn latest(&self, after: i64, rows_max: u32) -> Vec<Event> {
        let later = self.events.iter().rev().filter(|event| event.sequence > after);
        later.take(rows_max as usize).cloned().collect()
    }

    pub fn next_wake(&self) -> Option<Instant> {
        self.lanes.iter().filter_map(|lane| self.wake_at(lane)).min()
    }

    /// Those in trouble first, then those that are due soonest.
    pub fn lane_views(&self, rows_max: u32) -> Vec<LaneView> {
        let view = |lane: &super::books::Lane| LaneView {
            step: lane.key.step,
            tenant: lane.key.tenant.clone(),
            environment: lane.key.environment.clone(),
            next_at: self.next_at(lane),
            gate_until: lane.gate_until,
            trouble: lane.trouble,
            failure: lane.failure.clone(),
        };
        let worth = |one: &LaneView| one.next_at.is_some() || one.gate_until.is_some() || one.trouble > 0;
        let mut views: Vec<LaneView> = self.lanes.iter().map(view).filter(worth).collect();
        views.sort_by_key(|one| (one.trouble == 0, one.next_at.or(one.gate_until)));
        views.truncate(rows_max as usize);
        views
    }

    /// By their ids; the ports promise no order.
    pub fn claimed_by_others(&self, holder: HolderId, rows_max: u32) -> Vec<Member> {
        let of = |one: &&Filed| one.request.holder.is_some_and(|by| by != holder);
        self.members(self.seen().filter(of), rows_max)
    }

    pub fn blocked_since(&self, before: Instant, rows_max: u32) -> Vec<Member> {
        let healed = |id: RequestId| {
            self.events.iter().any(|event| event.request == id && event.kind == EventKind::Reopened)
        };
        let of = |one: &&Filed| {
            one.status() == Status::Blocked
                && one.is_forward()
                && !one.request.progress.paused
                && one.request.updated_at < before
                && !healed(one.request.id)
        };
        self.members(self.seen().filter(of), rows_max)
    }

    pub fn unseen(&self, rows_max: u32) -> Vec<Member> {
        let of = |one: &&Filed| {
            matches!(one.status(), Status::Active | Status::Blocked)
                && one.request.progress.trial.look_first
                && one.due_at().is_none()
                && matches!(one.request.progress.state, State::Requested | State::Created)
        };
        self.members(self.seen().filter(of), rows_max)
    }

    pub fn due_watches(&self, now: Instant, groups_max: u32, members_max: u32) -> Vec<WatchGroup> {
        let mut places: BTreeMap<(String, String), Vec<(Instant, RequestId)>> = BTreeMap::new();
        for (id, watch) in self.watches.iter().filter(|(_, watch)| watch.due_at <= now) {
            let asked = &self.requests[id].request.asked;
            let place = (asked.tenant.clone(), asked.environment.clone());
            places.entry(place).or_default().push((watch.due_at, *id));
        }
        let mut groups: Vec<(Instant, WatchGroup)> = Vec::new();
        for ((tenant, environment), mut due) in places {
            due.sort();
            let first = due[0].0;
            let members =
                due.into_iter().take(members_max as usize).map(|(_, id)| self.member(id, None)).collect();
            groups.push((first, WatchGroup { tenant, environment, members }));
        }
        groups.sort_by_key(|(first, _)| *first);
        groups.into_iter().take(groups_max as usize).map(|(_, group)| group).collect()
    }

    pub fn note_watches(&mut self, notes: Vec<WatchNote>, actor: &Actor, now: Instant) -> Vec<RowFate> {
        let mut fates = Vec::new();
        for note in notes {
            let same = |watch: &&mut Watch| {
                watch.succeeded_at == note.before.succeeded_at && watch.looks == note.before.looks
            };
            let Some(watch) = self.watches.get_mut(&note.request).filter(same) else {
                fates.push(RowFate::Lost);
                continue;
            };
            let next = note.weighed.next;
            *watch = Watch { succeeded_at: watch.succeeded_at, ..next.clone() };
            fates.push(RowFate::Written);
            if let Some(kind) = note.weighed.event {
                self.tell(Event {
                    sequence: 0,
                    occurred_at: now,
                    request: note.request,
                    user: self.requests[&note.request].request.user,
                    actor: actor.clone(),
                    kind,
                    from: State::Unlicensed,
                    to: State::Unlicensed,
                    intent: None,
                    failure: None,
                    remote_request_ids: Vec::new(),
                    drift: Some(DriftChange { before: note.before.drifts, after: next.drifts }),
                });
            }
        }
        fates
    }

    pub fn watches(&self, requests: Vec<RequestId>) -> Vec<(RequestId, Watch)> {
        requests.into_iter().filter_map(|id| Some((id, self.watches.get(&id)?.clone()))).collect()
    }

    pub fn next_watch(&self) -> Option<Instant> {
        self.watches.values().map(|watch| watch.due_at).min()
    }

    pub fn drift_counts(&self) -> Vec<DriftCount> {
        let mut counts: BTreeMap<_, DriftCount> = BTreeMap::new();
        for (id, watch) in &self.watches {
            let asked = &self.requests[id].request.asked;
            for drift in &watch.drifts {
                let key = (asked.tenant.clone(), asked.environment.clone(), drift.kind.code().as_str());
                let fresh = || DriftCount {
                    tenant: asked.tenant.clone(),
                    environment: asked.environment.clone(),
                    kind: drift.kind,
                    accounts: 0,
                };
                counts.entry(key).or_insert_with(fresh).accounts += 1;
            }
        }
        counts.into_values().collect()
    }
}
