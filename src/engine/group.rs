//! The life of a group: look, begin, act, commit.

use super::decisions::log_fates;
use super::{Engine, Need, Report, Seen, Steps, WholeFailure, WholeKind};
use crate::domain::{
    Charge, Code, Failure, Input, Instant, IntentId, OpenIntent, Outcome, Phase, RequestId, SeatEffect,
    Timer, budget_spent, retry_delay, step_of,
};
use crate::store::{
    Begin, BeginFate, Commit, CommitRow, Group, LaneRelease, Learned, LicenseHold, Member, Recheck,
    RecheckReason, RowFate, Seat, StoreError,
};
use std::collections::HashSet;
use std::time::Duration;

/// What the rest of the engine should know about a group that was run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Ran {
    /// A request began to wait for a seat, or a seat was returned.
    pub concerns_seats: bool,
}

/// What a group's work came to, before it is committed.
struct Worked {
    reports: Vec<(usize, Report)>,
    /// Nothing could be begun for them, and they are ours still.
    late: Vec<usize>,
    whole: Option<WholeFailure>,
    /// Assignments that were sent.
    assigned: Vec<(usize, IntentId)>,
}

impl Worked {
    /// Nothing was sent.
    fn looked(reports: Vec<(usize, Report)>) -> Self {
        Self { reports, late: Vec::new(), whole: None, assigned: Vec::new() }
    }
}

fn open_intent(member: &Member) -> Option<IntentId> {
    member.request.progress.trial.intent.map(|intent| intent.id)
}

impl<S: Steps> Engine<S> {
    /// Works on a claimed group to its commit. Whatever is interrupted on the way is found again by the next owner.
    pub async fn run(&self, mut group: Group) -> Result<Ran, StoreError> {
        let looked_at = self.clock.now();
        let poisoned = self.set_poisoned_aside(&mut group);
        let misplaced = set_misplaced_aside(&mut group);
        let open: Vec<Option<IntentId>> = group.members.iter().map(open_intent).collect();
        let worked = self.work(&mut group).await?;
        let lane = self.release(&group, worked.whole.as_ref());
        let mut members = Vec::with_capacity(group.members.len());
        let mut rows = Vec::with_capacity(group.members.len());
        for (place, report) in worked.reports {
            let member = &group.members[place];
            let row = self.decide_report(member, report, looked_at, open_intent(member) != open[place]);
            trace_transition(member, &row);
            members.push(member);
            rows.push(row);
        }
        let aside = poisoned.iter().map(|member| (member, Input::Poisoned));
        let aside = aside.chain(misplaced.iter().map(|member| (member, Input::Misplaced)));
        let late = worked.late.iter().map(|place| (&group.members[*place], Input::Rescued));
        for (member, input) in aside.chain(late) {
            rows.push(self.decide_input(member, input, Learned::default()));
            members.push(member);
        }
        let tallies = self.tallies(&members, &rows);
        let commit = Commit {
            now: self.clock.now(),
            actor: self.actor(),
            rows,
            lane: Some(lane),
            seat_rest: self.policy.seat_cool_down,
            tallies,
        };
        let fates = self.steadfast("commit", || self.store.commit(commit.clone())).await?;
        self.note_fenced(&group, &worked.assigned, &commit, &fates).await?;
        log_fates(&commit.rows.iter().map(|row| row.request).zip(fates).collect::<Vec<_>>());
        Ok(Ran { concerns_seats: commit.rows.iter().any(concerns_seats) })
    }

    /// Whoever has lost a request after it had sent an assignment says so before anything else: nobody waits for that
    /// license any more, and only the sweep can find it.
    async fn note_fenced(
        &self,
        group: &Group,
        assigned: &[(usize, IntentId)],
        commit: &Commit,
        fates: &[RowFate],
    ) -> Result<(), StoreError> {
        let lost: HashSet<RequestId> = commit
            .rows
            .iter()
            .zip(fates)
            .filter(|(_, fate)| **fate == RowFate::Lost)
            .map(|(row, _)| row.request)
            .collect();
        let rechecks: Vec<Recheck> = assigned
            .iter()
            .map(|(place, intent)| (&group.members[*place], *intent))
            .filter(|(member, _)| lost.contains(&member.request.id))
            .filter_map(|(member, intent)| {
                Some(Recheck {
                    intent,
                    tenant: member.user.tenant.clone(),
                    user: Some(member.user.id),
                    object_id: member.user.object_id?,
                    license: member.user.account.license,
                    reason: RecheckReason::Fenced,
                    noted_at: self.clock.now(),
                })
            })
            .collect();
        if rechecks.is_empty() {
            return Ok(());
        }
        self.steadfast("recheck", || self.store.recheck(rechecks.clone())).await
    }

    /// Takes out the members that seem to kill whoever works on them.
    fn set_poisoned_aside(&self, group: &mut Group) -> Vec<Member> {
        let claims_max = self.policy.claims_max;
        let (poisoned, sound) =
            group.members.drain(..).partition(|member| member.request.progress.trial.claims > claims_max);
        group.members = sound;
        poisoned
    }

    async fn work(&self, group: &mut Group) -> Result<Worked, StoreError> {
        if group.members.is_empty() {
            return Ok(Worked::looked(Vec::new()));
        }
        let seen = match self.steps.look(group).await {
            Ok(seen) => seen,
            Err(whole) => {
                return Ok(self.failed_whole(group, &(0..group.members.len()).collect::<Vec<_>>(), whole));
            }
        };
        let mut reports = Vec::new();
        let mut needs = Vec::new();
        for (place, seen) in seen.into_iter().enumerate() {
            match seen {
                Seen::Settled(report) => reports.push((place, report)),
                Seen::Needed(need) => match self.refusal(&group.members[place], &need) {
                    Some(report) => reports.push((place, report)),
                    None => needs.push((place, need)),
                },
            }
        }
        if needs.is_empty() {
            return Ok(Worked::looked(reports));
        }
        // Taken before the store is asked whether the claim still stands: whatever happens to this process between the two,
        // or later, is then seen by whoever sends.
        let term = self.terms.current();
        let (needs, unseated, late) = self.begin(group, needs).await?;
        reports.extend(unseated);
        let places: Vec<usize> = needs.iter().map(|(place, _)| *place).collect();
        if places.is_empty() {
            return Ok(Worked { late, ..Worked::looked(reports) });
        }
        let assigned = needs
            .iter()
            .filter(|(_, need)| need.assigns_license)
            .map(|(place, need)| (*place, need.intent))
            .collect();
        match self.steps.act(group, needs, &term).await {
            Ok(acted) => {
                reports.extend(places.into_iter().zip(acted));
                Ok(Worked { reports, late, whole: None, assigned })
            }
            Err(whole) => {
                let mut worked = self.failed_whole(group, &places, whole);
                worked.reports.extend(reports);
                Ok(Worked { late, assigned, ..worked })
            }
        }
    }

    /// Why a write may not even be begun: the request has spent its budget.
    fn refusal(&self, member: &Member, need: &Need<S::Work>) -> Option<Report> {
        let spent = budget_spent(&member.request.progress, &self.policy).filter(|_| need.budgeted);
        spent.map(|failure| Report::of(Outcome::Blocked { failure }))
    }

    /// Records the intents. What could not be recorded leaves the group: nothing is sent for it.
    #[allow(clippy::type_complexity, reason = "the parts of one list, named at the only call")]
    async fn begin(
        &self,
        group: &mut Group,
        needs: Vec<(usize, Need<S::Work>)>,
    ) -> Result<(Vec<(usize, Need<S::Work>)>, Vec<(usize, Report)>, Vec<usize>), StoreError> {
        let now = self.clock.now();
        let begins: Vec<Begin> = needs
            .iter()
            .map(|(place, need)| Begin {
                request: group.members[*place].request.id,
                epoch: group.members[*place].request.epoch,
                intent: need.intent,
                budgeted: need.budgeted,
                assigns_license: need.assigns_license,
                sealed_password: need.sealed_password.clone(),
                state: group.members[*place].request.progress.state,
            })
            .collect();
        let fates = self.steadfast("begin", || self.store.begin(self.holder, begins.clone(), now)).await?;
        let mut begun = Vec::new();
        let mut unseated = Vec::new();
        let mut late = Vec::new();
        for ((place, need), fate) in needs.into_iter().zip(fates) {
            let member = &mut group.members[place];
            match fate {
                BeginFate::Begun => {
                    mirror_begin(member, &need, now);
                    begun.push((place, need));
                }
                BeginFate::Lost => {}
                BeginFate::Late => late.push(place),
                BeginFate::NoSeat => {
                    member.user.seat = Seat::None;
                    let failure = Failure::new(Code::GraphNoSeat, "");
                    unseated.push((place, Report::of(Outcome::NoSeat { failure })));
                }
            }
        }
        Ok((begun, unseated, late))
    }

    fn failed_whole(&self, group: &Group, places: &[usize], whole: WholeFailure) -> Worked {
        let alone = places.len() == 1;
        let wait = self.lane_wait(group.trouble + 1, &whole);
        let failure = &whole.failure;
        // An outage says so, and may last for days; a page of something else may be all that ever comes from there.
        let nonsense = failure.code == Code::RemoteUnreadable;
        let outcome = match whole.kind {
            // Nobody can tell whether such answers will ever change: the members pay, each until its budget is spent.
            WholeKind::NotDone { .. } if nonsense && group.trouble >= self.policy.attempts_max => {
                Outcome::Transient { failure: failure.clone(), charge: Charge::Member }
            }
            WholeKind::Uncertain if nonsense => {
                Outcome::Ambiguous { failure: failure.clone(), charge: Charge::Member }
            }
            WholeKind::Throttled { .. } | WholeKind::NotDone { .. } => {
                Outcome::Transient { failure: failure.clone(), charge: Charge::Lane { wait } }
            }
            WholeKind::Uncertain => {
                Outcome::Ambiguous { failure: failure.clone(), charge: Charge::Lane { wait } }
            }
            // With nobody else in the group, the member itself is what the service rejects.
            WholeKind::Rejected if alone => Outcome::Blocked { failure: failure.clone() },
            WholeKind::Rejected => {
                Outcome::Transient { failure: failure.clone(), charge: Charge::Lane { wait } }
            }
        };
        // An outage of the database is told once, by whoever has to wait for its end.
        if !matches!(failure.code, Code::StoreBusy | Code::StoreFull | Code::StoreUnreachable) {
            tracing::warn!(
                step = %group.step, tenant = %group.tenant, environment = group.environment.as_deref(),
                members = places.len(), code = %failure.code, remote_request_ids = ?failure.remote_request_ids,
                "a call failed for its whole group: {}", failure.code.row().sentence
            );
        }
        let reports = places.iter().map(|place| (*place, Report::of(outcome.clone()))).collect();
        Worked { reports, late: Vec::new(), whole: Some(whole), assigned: Vec::new() }
    }

    fn release(&self, group: &Group, whole: Option<&WholeFailure>) -> LaneRelease {
        let Some(whole) = whole else {
            return LaneRelease {
                lane: group.lane,
                holder: Some(self.holder),
                gate_until: None,
                trouble: 0,
                failure: None,
            };
        };
        let trouble = group.trouble.saturating_add(1);
        LaneRelease {
            lane: group.lane,
            holder: Some(self.holder),
            gate_until: Some(self.clock.now() + self.lane_wait(trouble, whole)),
            trouble,
            failure: Some(whole.failure.clone()),
        }
    }

    fn lane_wait(&self, trouble: u32, whole: &WholeFailure) -> Duration {
        let policy = &self.policy;
        let asked = match whole.kind {
            WholeKind::Throttled { retry_after } | WholeKind::NotDone { retry_after } => retry_after,
            WholeKind::Uncertain | WholeKind::Rejected => None,
        };
        asked.map_or_else(
            || retry_delay(policy, trouble, self.chance.fraction()),
            |asked| asked.clamp(policy.retry_after_min, policy.retry_after_max),
        )
    }
}

/// Takes out the members that another step is due for by now, since a sibling has changed what is true of their user: what
/// comes of this step would be taken for what came of that one.
fn set_misplaced_aside(group: &mut Group) -> Vec<Member> {
    let step = group.step;
    let (placed, misplaced) = group
        .members
        .drain(..)
        .partition(|member| step_of(&member.request.progress, member.facts()) == Some(step));
    group.members = placed;
    misplaced
}

/// Brings a member up to what `begin` has just written.
fn mirror_begin<W>(member: &mut Member, need: &Need<W>, now: Instant) {
    let trial = &mut member.request.progress.trial;
    trial.intent = Some(OpenIntent { id: need.intent, begun_at: now });
    trial.attempts += u32::from(need.budgeted);
    if need.assigns_license && matches!(member.user.license, LicenseHold::None) {
        member.user.license = LicenseHold::MayBeHeld { intent: need.intent };
    }
}

fn concerns_seats(row: &CommitRow) -> bool {
    let waits = matches!(row.transition.next.phase, Phase::Active { timer: Timer::ForSeat, .. });
    waits || row.transition.seat != SeatEffect::Keep
}

fn trace_transition(member: &Member, row: &CommitRow) {
    let Some(event) = &row.transition.event else {
        return;
    };
    let request = member.request.id;
    let (from, to) = (event.from, event.to);
    match &event.failure {
        None => {
            tracing::info!(%request, environment = %member.request.asked.environment, %from, %to, "{}", event.kind)
        }
        Some(failure) => tracing::warn!(
            %request, environment = %member.request.asked.environment, %from, %to, code = %failure.code,
            remote_request_ids = ?failure.remote_request_ids, "{}: {}", event.kind, failure.code.row().sentence
        ),
    }
}
