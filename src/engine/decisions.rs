//! From what a worker saw to what the store writes.

use super::{Engine, Report, Steps};
use crate::domain::{Input, Instant, Policy, SeatEffect, State, Subject, Transition, decide};
use crate::store::{CommitRow, Learned, Member, RowFate, Seat, Tally, TallyEntry, UserOrigin};

impl<S: Steps> Engine<S> {
    /// Decides one report; `begun` says whether this turn has recorded an intent for it.
    pub(super) fn decide_report(
        &self,
        member: &Member,
        report: Report,
        looked_at: Instant,
        begun: bool,
    ) -> CommitRow {
        let input = Input::Reported { outcome: report.outcome, looked_at, begun };
        self.decide_input(member, input, report.learned)
    }

    /// Decides any input. One that means nothing to the request only gives the claim back.
    pub(super) fn decide_input(&self, member: &Member, input: Input, learned: Learned) -> CommitRow {
        let mut facts = member.facts();
        // What this very turn has adopted is not in the row yet.
        facts.adopted |= learned.origin == Some(UserOrigin::Adopted);
        let subject = Subject { progress: &member.request.progress, facts };
        let now = self.clock.now();
        let transition = decide(&subject, input, &self.policy, now, self.chance.fraction()).unwrap_or_else(|refusal| {
            tracing::error!(request = %member.request.id, "a report means nothing to the request: {refusal}");
            given_back(&subject, &self.policy, now)
        });
        CommitRow {
            request: member.request.id,
            epoch: member.request.epoch,
            holder: member.request.holder,
            from: (member.request.progress.state, member.request.progress.status()),
            transition,
            learned,
        }
    }

    /// What rows add to the running totals, once they are written.
    pub(super) fn tallies(&self, members: &[&Member], rows: &[CommitRow]) -> Vec<TallyEntry> {
        let now = self.clock.now();
        let mut entries = Vec::new();
        let mut returned = std::collections::HashSet::new();
        for (member, row) in members.iter().zip(rows) {
            let mut add = |tally, amount| {
                entries.push(TallyEntry { tenant: member.user.tenant.clone(), tally, amount });
            };
            if let (SeatEffect::Return, Seat::Held { since }) = (row.transition.seat, member.user.seat)
                && returned.insert(member.user.id)
            {
                add(Tally::SeatSeconds, seconds_between(since, now));
                add(Tally::SeatsReturned, 1.0);
            }
            if row.from.0 == State::Licensed && row.transition.next.state == State::Propagated {
                add(Tally::PropagationSeconds, seconds_between(member.request.progress.entered_at, now));
                add(Tally::Propagations, 1.0);
            }
        }
        entries
    }
}

/// Puts a request back as it was, due now.
fn given_back(subject: &Subject<'_>, policy: &Policy, now: Instant) -> Transition {
    decide(subject, Input::Rescued, policy, now, 0.0).unwrap_or_else(|_| Transition {
        next: subject.progress.clone(),
        step: None,
        license: crate::domain::LicenseEffect::Unchanged,
        seat: SeatEffect::Keep,
        slot: crate::domain::SlotEffect::Keep,
        watch: crate::domain::WatchEffect::Keep,
        resolved: None,
        event: None,
    })
}

fn seconds_between(earlier: Instant, later: Instant) -> f64 {
    (later - earlier).to_std().unwrap_or_default().as_secs_f64()
}

/// Says in the log what became of the rows that were not written.
pub(super) fn log_fates(rows: &[(crate::domain::RequestId, RowFate)]) {
    for (request, fate) in rows {
        match fate {
            RowFate::Written => {}
            RowFate::Lost => {
                tracing::warn!(%request, "somebody else has taken the request; our work on it was dropped")
            }
            RowFate::NoRoom => {
                tracing::info!(%request, "the last slot went to another request; looking again")
            }
        }
    }
}
