//! Wrong engines. Each breaks one promise in one place, outside of the product; the judge has to notice every one of them.

use crate::bed::guarded_store::{BeginOrder, Tamper};
use async_trait::async_trait;
use bytes::Bytes;
use seatless::cloud::{Transport, TransportError};
use seatless::domain::{Clock, Code, Failure, Outcome, Policy, SeatEffect, State, Step, Term};
use seatless::engine::{Capacity, Need, Report, Seen, WholeFailure};
use seatless::provisioning::{Provisioner, Work};
use seatless::store::{
    Answer, BeginFate, Commit, Group, LicenseHold, Pool, Requests, RowFate, SqliteStore, Trace,
};
use std::sync::Arc;

/// What is broken.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mutant {
    /// A row that was lost is written all the same, with the epoch and holder it has now.
    NoFence,
    /// Nothing is recorded before it is sent.
    NoIntent,
    /// Our marker is not recognized.
    NoAdoption,
    /// A name that is taken is made with a suffix.
    AnotherName,
    /// A removal whose answer was lost counts as done.
    TimeoutBelieved,
    /// Nothing looks for what was left.
    NoSweep,
    /// What may appear though nobody waits for it is not remembered.
    NoRecheck,
    /// The license goes before the access mode is set.
    LicenseBeforeMode,
    /// The seat is returned when the user has arrived.
    SeatReturnedEarly,
    /// The deadline ends the wait without a look.
    DeadlineWithoutLook,
    /// Claims come back only if whoever held them was dropped.
    ReleasedOnDrop,
    /// The user's other requests are not looked at.
    SiblingsIgnored,
    /// A user that does not show once does not exist.
    AbsenceBelieved,
    /// A license that was there before us counts as ours.
    ForeignLicenseTaken,
}

impl Mutant {
    pub(crate) const ALL: &[Mutant] = &[
        Self::NoFence,
        Self::NoIntent,
        Self::NoAdoption,
        Self::AnotherName,
        Self::TimeoutBelieved,
        Self::NoSweep,
        Self::NoRecheck,
        Self::LicenseBeforeMode,
        Self::SeatReturnedEarly,
        Self::DeadlineWithoutLook,
        Self::ReleasedOnDrop,
        Self::SiblingsIgnored,
        Self::AbsenceBelieved,
        Self::ForeignLicenseTaken,
    ];

    /// What a policy becomes.
    pub(crate) fn change(self, policy: &mut Policy) {
        if self == Self::AbsenceBelieved {
            policy.absence_looks = 1;
            policy.absence_window = std::time::Duration::ZERO;
            policy.replication = std::time::Duration::ZERO;
        }
    }
}

impl Tamper for Mutant {
    fn claimed(&self, mut groups: Vec<Group>) -> Vec<Group> {
        for member in groups.iter_mut().flat_map(|group| &mut group.members) {
            if *self == Self::SiblingsIgnored {
                member.siblings = Default::default();
            }
            if *self == Self::ForeignLicenseTaken && member.user.license == LicenseHold::None {
                let intent = seatless::domain::IntentId(member.user.id.0);
                member.user.license = LicenseHold::MayBeHeld { intent };
            }
        }
        groups
    }

    fn begin<'a>(&'a self, store: &'a SqliteStore, order: BeginOrder) -> Answer<'a, Vec<BeginFate>> {
        if *self == Self::NoIntent {
            return Box::pin(async move { Ok(order.begins.iter().map(|_| BeginFate::Begun).collect()) });
        }
        seatless::store::Work::begin(store, order.holder, order.begins, order.now)
    }

    fn commit<'a>(&'a self, store: &'a SqliteStore, mut commit: Commit) -> Answer<'a, Vec<RowFate>> {
        if *self == Self::SeatReturnedEarly {
            for row in &mut commit.rows {
                if row.transition.next.state == State::Propagated && row.from.0 == State::Licensed {
                    row.transition.seat = SeatEffect::Return;
                }
            }
        }
        if *self != Self::NoFence {
            return seatless::store::Work::commit(store, commit);
        }
        Box::pin(async move {
            let fates = seatless::store::Work::commit(store, commit.clone()).await?;
            let mut again = Commit { lane: None, tallies: Vec::new(), ..commit.clone() };
            again.rows.clear();
            for (row, _) in commit.rows.iter().zip(&fates).filter(|(_, fate)| **fate == RowFate::Lost) {
                if let Some(now) = store.request(row.request).await? {
                    let mut row = row.clone();
                    row.epoch = now.request.epoch;
                    row.holder = now.request.holder;
                    row.from = (now.request.progress.state, now.request.progress.status());
                    again.rows.push(row);
                }
            }
            if !again.rows.is_empty() {
                seatless::store::Work::commit(store, again).await?;
            }
            Ok(fates.iter().map(|_| RowFate::Written).collect())
        })
    }

    fn traced(&self, mut traces: Vec<Trace>) -> Vec<Trace> {
        if *self == Self::NoRecheck {
            traces.iter_mut().for_each(|trace| trace.rechecks.clear());
        }
        traces
    }

    fn rescues(&self) -> bool {
        *self != Self::ReleasedOnDrop
    }
}

/// The provisioner, and what a wrong one would make of it.
pub(crate) struct Steps {
    pub(crate) inner: Provisioner,
    pub(crate) mutant: Option<Mutant>,
    pub(crate) clock: Arc<dyn Clock>,
    pub(crate) policy: Policy,
}

#[async_trait]
impl seatless::engine::Steps for Steps {
    type Work = Work;

    async fn look(&self, group: &Group) -> Result<Vec<Seen<Work>>, WholeFailure> {
        let settled = |outcome: Outcome| {
            Ok(group.members.iter().map(|_| Seen::Settled(Report::of(outcome.clone()))).collect())
        };
        match (self.mutant, group.step) {
            (Some(Mutant::LicenseBeforeMode), Step::SetNonInteractive) => settled(Outcome::Advanced),
            (Some(Mutant::DeadlineWithoutLook), Step::AwaitPropagation)
                if group.members.iter().all(|member| {
                    let deadline = member.request.progress.entered_at + self.policy.propagation_deadline;
                    self.clock.now() >= deadline
                }) =>
            {
                settled(Outcome::Blocked { failure: Failure::new(Code::MachineDeadlinePassed, "") })
            }
            _ => self.inner.look(group).await,
        }
    }

    async fn act(
        &self,
        group: &Group,
        needs: Vec<(usize, Need<Work>)>,
        term: &Term,
    ) -> Result<Vec<Report>, WholeFailure> {
        self.inner.act(group, needs, term).await
    }

    async fn measure(&self, pool: &Pool) -> Result<Capacity, Failure> {
        self.inner.measure(pool).await
    }
}

/// The wire as a wrong client sees it.
pub(crate) struct TamperedWire {
    pub(crate) inner: Arc<dyn Transport>,
    pub(crate) mutant: Mutant,
}

#[async_trait]
impl Transport for TamperedWire {
    async fn send(&self, request: http::Request<Bytes>) -> Result<http::Response<Bytes>, TransportError> {
        match self.mutant {
            Mutant::NoAdoption => {
                let mut answer = self.inner.send(request).await?;
                *answer.body_mut() = unmarked(answer.body());
                Ok(answer)
            }
            Mutant::TimeoutBelieved => {
                let answers = believed_removal(&request);
                match (self.inner.send(request).await, answers) {
                    (Err(TransportError::Lost { .. }), Some(body)) => {
                        Ok(http::Response::builder().status(200).body(body).expect("an answer"))
                    }
                    (answer, _) => answer,
                }
            }
            Mutant::AnotherName => {
                let renamed = renamed(&request);
                let answer = self.inner.send(request).await?;
                let text = String::from_utf8_lossy(answer.body()).into_owned();
                let taken = text.contains("ObjectConflict") || text.contains("already exists");
                match renamed.filter(|_| taken) {
                    Some(renamed) => self.inner.send(renamed).await,
                    None => Ok(answer),
                }
            }
            Mutant::NoFence
            | Mutant::NoIntent
            | Mutant::NoSweep
            | Mutant::NoRecheck
            | Mutant::LicenseBeforeMode
            | Mutant::SeatReturnedEarly
            | Mutant::DeadlineWithoutLook
            | Mutant::ReleasedOnDrop
            | Mutant::SiblingsIgnored
            | Mutant::AbsenceBelieved
            | Mutant::ForeignLicenseTaken => self.inner.send(request).await,
        }
    }
}

/// The body without our marker.
fn unmarked(body: &Bytes) -> Bytes {
    let text = String::from_utf8_lossy(body);
    if text.contains("seatless:") { Bytes::from(text.replace("seatless:", "nobody:")) } else { body.clone() }
}

/// What the cloud would have answered to a removal.
fn believed_removal(request: &http::Request<Bytes>) -> Option<Bytes> {
    let body: serde_json::Value = serde_json::from_slice(request.body()).ok()?;
    let removes =
        |body: &serde_json::Value| body["removeLicenses"].as_array().is_some_and(|all| !all.is_empty());
    if request.uri().path().ends_with("/assignLicense") && removes(&body) {
        let id = request.uri().path().split('/').rev().nth(1)?;
        return Some(Bytes::from(serde_json::json!({ "id": id }).to_string()));
    }
    let items = body["requests"].as_array()?;
    if !items.iter().all(|item| removes(&item["body"])) {
        return None;
    }
    let answers: Vec<_> = items
        .iter()
        .map(|item| {
            let id = item["url"].as_str().unwrap_or_default().split('/').rev().nth(1).unwrap_or_default();
            serde_json::json!({ "id": item["id"], "status": 200, "headers": {}, "body": { "id": id } })
        })
        .collect();
    Some(Bytes::from(serde_json::json!({ "responses": answers }).to_string()))
}

/// The same create with another name.
fn renamed(request: &http::Request<Bytes>) -> Option<http::Request<Bytes>> {
    let text = String::from_utf8_lossy(request.body()).into_owned();
    let creates = request.method() == http::Method::POST && text.contains("passwordProfile");
    creates.then(|| {
        let text = text.replace("@contoso.example", "-2@contoso.example");
        let mut renamed = http::Request::builder().method(request.method()).uri(request.uri());
        for (name, value) in request.headers() {
            renamed = renamed.header(name, value);
        }
        renamed.body(Bytes::from(text)).expect("a request")
    })
}
