//! The sweep: the level check that finds what our writes may have left in the cloud, whatever became of their requests.
//!
//! It lists who holds the licenses that we lend and who carries our marker, and compares both with what we know. It
//! removes only a license that a recheck of ours explains and that no request is in charge of; all else is reported.

use super::{Marker, Places, TenantPlace};
use crate::cloud::{DirectoryUser, Graph, Removal, UserKey};
use crate::domain::{Clock, Code, Failure, Ids, Instant, IntentId, ObjectId, Policy, SkuId, Term, UserId};
use crate::engine::Chore;
use crate::store::{
    Actor, BeginFate, Finding, FindingKind, PoolKey, Recheck, RecheckReason, Standing, Store, StoreError,
    SweepBegin, SweepEnd, SweepStanding, Swept, Trace, TracedUser, UserOrigin,
};
use async_trait::async_trait;
use futures_util::{StreamExt, TryStreamExt, stream};
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// How many tenants are swept at a time.
const TENANTS_AT_A_TIME: usize = 8;

/// At most so many users are looked up in the store at a time.
const TRACES_MAX: usize = 500;

/// How many sweeps go by between two searches for markers: a user of ours without a license costs nobody anything, and
/// that list grows with every account we have made.
const SWEEPS_BETWEEN_MARKER_SEARCHES: u32 = 12;

/// How long a deleted user can be restored, with what it held
/// (Microsoft Graph, api/directory-deleteditems-restore: 30 days), and a day for the clocks.
const RESTORABLE: Duration = Duration::from_secs(31 * 86_400);

/// Sweeps all tenants, now and then or when somebody asks for it.
pub struct Sweeper {
    store: Arc<dyn Store>,
    places: Places,
    clock: Arc<dyn Clock>,
    ids: Arc<dyn Ids>,
    policy: Policy,
    markers_due: Mutex<HashMap<String, Instant>>,
    /// One sweep at a time.
    turn: tokio::sync::Mutex<()>,
}

/// A license that is to be removed.
struct Leftover {
    user: DirectoryUser,
    of: Option<TracedUser>,
    license: SkuId,
    explained_by: Vec<IntentId>,
}

/// What a look at a tenant came to.
#[derive(Default)]
struct Looked {
    users: BTreeMap<ObjectId, DirectoryUser>,
    failure: Option<Failure>,
}

impl Sweeper {
    /// A sweeper of these parts.
    pub fn new(
        store: Arc<dyn Store>,
        places: Places,
        clock: Arc<dyn Clock>,
        ids: Arc<dyn Ids>,
        policy: Policy,
    ) -> Self {
        let markers_due = Mutex::default();
        Self { store, places, clock, ids, policy, markers_due, turn: tokio::sync::Mutex::default() }
    }

    /// A person says that the licenses which the sweeps until `shown_at` listed are ours, and that the database is to be
    /// trusted again. Then everything is swept. In a database that is trusted there is nothing to confirm.
    ///
    /// # Errors
    /// The store's.
    pub async fn confirm(&self, actor: Actor, shown_at: Instant) -> Result<Vec<SweepStanding>, StoreError> {
        if self.store.standing().await? != Standing::Trusted {
            let found = self.store.sweeps().await?.into_iter().flat_map(|standing| standing.findings);
            let shown = found.filter(|finding| finding.found_at <= shown_at);
            let rechecks: Vec<Recheck> = shown.filter_map(|finding| self.confirmed(&finding)).collect();
            self.store.recheck(rechecks).await?;
            self.store.confirm(actor, self.clock.now()).await?;
        }
        self.sweep_now().await
    }

    fn confirmed(&self, finding: &Finding) -> Option<Recheck> {
        if finding.kind == FindingKind::LicenseForeign {
            return None;
        }
        Some(Recheck {
            intent: IntentId(self.ids.fresh()),
            tenant: finding.tenant.clone(),
            user: finding.user,
            object_id: finding.object_id,
            license: finding.license?,
            reason: RecheckReason::Confirmed,
            noted_at: self.clock.now(),
        })
    }

    /// Sweeps every tenant in which we have ever lent a license, markers included; says how each stands.
    ///
    /// # Errors
    /// The store's. A cloud that cannot be seen is part of the standing.
    pub async fn sweep_now(&self) -> Result<Vec<SweepStanding>, StoreError> {
        self.markers_due.lock().unwrap_or_else(PoisonError::into_inner).clear();
        self.sweep().await?;
        self.store.sweeps().await
    }

    async fn sweep(&self) -> Result<(), StoreError> {
        let _turn = self.turn.lock().await;
        let trusted = self.store.standing().await? == Standing::Trusted;
        let lent = self.lent(trusted).await?;
        stream::iter(lent)
            .map(|(tenant, licenses)| self.sweep_tenant(tenant, licenses, trusted))
            .buffer_unordered(TENANTS_AT_A_TIME)
            .try_collect()
            .await
    }

    /// The licenses that we lend, by tenant. A database that is not trusted may have forgotten that we ever lent one.
    async fn lent(&self, trusted: bool) -> Result<BTreeMap<String, BTreeSet<SkuId>>, StoreError> {
        let mut lent: BTreeMap<String, BTreeSet<SkuId>> = BTreeMap::new();
        if !trusted {
            let named = self.places.tenants.iter();
            lent.extend(named.map(|(name, place)| (name.clone(), place.licenses.clone())));
        }
        for pool in self.store.pools().await? {
            if let PoolKey::Seat { tenant, sku } = pool.key
                && self.places.tenants.contains_key(&tenant)
            {
                lent.entry(tenant).or_default().insert(sku);
            }
        }
        // What was found so may be confirmed by now.
        for finding in self.store.sweeps().await?.into_iter().flat_map(|standing| standing.findings) {
            if let Some(license) =
                finding.license.filter(|_| self.places.tenants.contains_key(&finding.tenant))
            {
                lent.entry(finding.tenant).or_default().insert(license);
            }
        }
        Ok(lent)
    }

    async fn sweep_tenant(
        &self,
        tenant: String,
        licenses: BTreeSet<SkuId>,
        trusted: bool,
    ) -> Result<(), StoreError> {
        let Some(place) = self.places.tenants.get(&tenant) else { return Ok(()) };
        let graph = place.client.graph();
        let mut looked = self.look(&graph, &tenant, &licenses).await;
        let mut leftovers = Vec::new();
        let mut findings = Vec::new();
        for trace in self.traces(&tenant, &looked.users).await? {
            if let Some(user) = looked.users.get(&trace.object_id) {
                self.judge(user, trace, &licenses, trusted, &mut leftovers, &mut findings);
            }
        }
        let explaining = leftovers.iter().flat_map(|left| left.explained_by.iter().copied()).collect();
        let mut removed = Vec::new();
        if !trusted {
            findings.extend(
                leftovers.drain(..).map(|left| self.unconfirmed(&left.user, left.of.as_ref(), left.license)),
            );
        } else if !leftovers.is_empty() {
            match self.remove(place, leftovers, &mut findings).await? {
                Ok(swept) => removed = swept,
                Err(failure) => looked.failure = Some(failure),
            }
        }
        for finding in &mut findings {
            finding.tenant.clone_from(&tenant);
        }
        if !removed.is_empty() || !findings.is_empty() {
            tracing::warn!(
                tenant,
                removed = removed.len(),
                findings = findings.len(),
                "the sweep found what nobody waited for; `seatless sweep` lists it"
            );
        }
        let now = self.clock.now();
        let end = SweepEnd {
            tenant,
            now,
            removed,
            findings,
            explaining,
            failure: looked.failure,
            forget_before: now - self.policy.recheck,
            forget_deleted_before: now - RESTORABLE,
        };
        self.store.end_sweep(end).await
    }

    /// Whoever holds one of the licenses, and, every so often, whoever carries our marker.
    async fn look(&self, graph: &Graph, tenant: &str, licenses: &BTreeSet<SkuId>) -> Looked {
        let mut looked = Looked::default();
        for license in licenses {
            match graph.license_holders(*license).await {
                Ok(users) => looked.users.extend(users.into_iter().map(|user| (user.id, user))),
                Err(call) => looked.failure = Some(call.failure),
            }
        }
        if self.markers_are_due(tenant) {
            match graph.users_with_marker(&Marker::prefix(self.store.id())).await {
                Ok(users) => looked.users.extend(users.into_iter().map(|user| (user.id, user))),
                Err(call) => looked.failure = Some(call.failure),
            }
        }
        looked
    }

    fn markers_are_due(&self, tenant: &str) -> bool {
        let now = self.clock.now();
        let mut due = self.markers_due.lock().unwrap_or_else(PoisonError::into_inner);
        if due.get(tenant).is_some_and(|at| now < *at) {
            return false;
        }
        due.insert(tenant.to_owned(), now + self.policy.sweep * SWEEPS_BETWEEN_MARKER_SEARCHES);
        true
    }

    async fn traces(
        &self,
        tenant: &str,
        users: &BTreeMap<ObjectId, DirectoryUser>,
    ) -> Result<Vec<Trace>, StoreError> {
        let objects: Vec<_> = users.values().map(|user| (user.id, self.marked(user))).collect();
        let mut traces = Vec::with_capacity(objects.len());
        for chunk in objects.chunks(TRACES_MAX) {
            traces.extend(self.store.traces(tenant.to_owned(), chunk.to_vec()).await?);
        }
        Ok(traces)
    }

    /// The user of ours that a marker names.
    fn marked(&self, user: &DirectoryUser) -> Option<UserId> {
        let marker = user.marker.as_deref().and_then(Marker::parse)?;
        (marker.store == self.store.id()).then_some(marker.user)
    }

    fn judge(
        &self,
        user: &DirectoryUser,
        trace: Trace,
        lent: &BTreeSet<SkuId>,
        trusted: bool,
        leftovers: &mut Vec<Leftover>,
        findings: &mut Vec<Finding>,
    ) {
        let direct: BTreeSet<SkuId> = user
            .licenses
            .iter()
            .filter(|license| license.assigned_by_group.is_none() && lent.contains(&license.sku))
            .map(|license| license.sku)
            .collect();
        for license in &direct {
            let explained_by: Vec<IntentId> = trace
                .rechecks
                .iter()
                .filter(|recheck| recheck.license == *license)
                .map(|recheck| recheck.intent)
                .collect();
            if trace.user.as_ref().is_some_and(|known| known.license_may_be_held || known.license_in_use) {
                // A request is in charge of it.
            } else if !explained_by.is_empty() {
                let of = trace.user.clone();
                leftovers.push(Leftover { user: user.clone(), of, license: *license, explained_by });
            } else if !trusted && trace.user.as_ref().is_some_and(|known| known.object_id == Some(user.id)) {
                // What would explain it may be lost.
                findings.push(self.unexplained(user, trace.user.as_ref(), *license));
            } else if trace.user.as_ref().is_some_and(|known| is_finished_account(known, user.id)) {
                let failure = Failure::new(Code::GraphLicenseForeign, "");
                findings.push(self.finding(
                    user,
                    trace.user.as_ref(),
                    FindingKind::LicenseForeign,
                    Some(*license),
                    failure,
                ));
            }
        }
        if self.marked(user).is_some() && is_orphan(trace.user.as_ref(), user.id) {
            let failure = Failure::new(Code::SweepOrphan, "");
            let license = direct.first().copied();
            findings.push(self.finding(user, trace.user.as_ref(), FindingKind::Orphan, license, failure));
        }
    }

    /// A license on a user of ours that nothing explains any more. An adopted one may have had it before us, so that no
    /// confirmation of all that was found makes it ours to take.
    fn unexplained(&self, user: &DirectoryUser, of: Option<&TracedUser>, license: SkuId) -> Finding {
        if of.is_none_or(|known| known.origin != Some(UserOrigin::Adopted)) {
            return self.unconfirmed(user, of, license);
        }
        let failure = Failure::new(Code::MachineRestoredUnclear, "");
        self.finding(user, of, FindingKind::LicenseForeign, Some(license), failure)
    }

    fn unconfirmed(&self, user: &DirectoryUser, of: Option<&TracedUser>, license: SkuId) -> Finding {
        let failure = Failure::new(Code::SweepUnconfirmed, "");
        self.finding(user, of, FindingKind::LicenseLeft, Some(license), failure)
    }

    fn finding(
        &self,
        user: &DirectoryUser,
        of: Option<&TracedUser>,
        kind: FindingKind,
        license: Option<SkuId>,
        failure: Failure,
    ) -> Finding {
        Finding {
            tenant: String::new(),
            object_id: user.id,
            user_principal_name: user.user_principal_name.clone(),
            kind,
            license,
            user: of.map(|known| known.id),
            request: of.map(|known| known.request),
            failure,
            found_at: self.clock.now(),
        }
    }

    /// Removes what is left over: read again, recorded, sent. What cannot be removed is a finding. The inner failure is
    /// one of the whole call.
    async fn remove(
        &self,
        place: &TenantPlace,
        leftovers: Vec<Leftover>,
        findings: &mut Vec<Finding>,
    ) -> Result<Result<Vec<Swept>, Failure>, StoreError> {
        // What is found now says nothing about an hour later: a process that was stopped on the way sends nothing.
        let graph =
            place.within(&Term::until(self.clock.elapsed() + self.policy.call_deadline * 3)).client.graph();
        let leftovers = match self.still_there(&graph, leftovers).await {
            Ok(leftovers) => leftovers,
            Err(failure) => return Ok(Err(failure)),
        };
        let intents: Vec<IntentId> = leftovers.iter().map(|_| IntentId(self.ids.fresh())).collect();
        let begins = leftovers.iter().zip(&intents).map(|(left, intent)| SweepBegin {
            of: left.of.as_ref().map(|known| (known.id, known.request)),
            intent: *intent,
        });
        let fates = self.store.begin_sweep(begins.collect(), self.clock.now()).await?;
        let begun: Vec<(Leftover, IntentId)> = leftovers
            .into_iter()
            .zip(intents)
            .zip(fates)
            .filter(|(_, fate)| *fate == BeginFate::Begun)
            .map(|(one, _)| one)
            .collect();
        let writes: Vec<(ObjectId, SkuId)> =
            begun.iter().map(|(left, _)| (left.user.id, left.license)).collect();
        if writes.is_empty() {
            return Ok(Ok(Vec::new()));
        }
        let results = match graph.remove_license(&writes).await {
            Ok(results) => results,
            Err(call) => return Ok(Err(call.failure)),
        };
        let mut removed = Vec::new();
        for ((left, intent), result) in begun.into_iter().zip(results) {
            match result {
                Ok(Removal::Removed) => removed.push(Swept {
                    of: left.of.as_ref().map(|known| (known.id, known.request)),
                    intent,
                    explained_by: left.explained_by,
                }),
                Ok(Removal::WasNotThere) => {}
                Err(call) => findings.push(self.finding(
                    &left.user,
                    left.of.as_ref(),
                    FindingKind::LicenseLeft,
                    Some(left.license),
                    call.failure,
                )),
            }
        }
        Ok(Ok(removed))
    }

    /// Lists lag behind reads by id; only what those show as well is there.
    async fn still_there(&self, graph: &Graph, leftovers: Vec<Leftover>) -> Result<Vec<Leftover>, Failure> {
        let keys: Vec<UserKey> = leftovers.iter().map(|left| UserKey::Id(left.user.id)).collect();
        let users = graph.read_users(&keys).await.map_err(|call| call.failure)?;
        let holds = |left: &Leftover, user: &DirectoryUser| {
            user.licenses
                .iter()
                .any(|license| license.sku == left.license && license.assigned_by_group.is_none())
        };
        Ok(leftovers
            .into_iter()
            .zip(users)
            .filter(|(left, user)| matches!(user, Ok(Some(user)) if holds(left, user)))
            .map(|(left, _)| left)
            .collect())
    }
}

/// A user that we made and that nobody works on at the moment; while somebody does, its steps see the license themselves.
fn is_finished_account(known: &TracedUser, object: ObjectId) -> bool {
    known.origin == Some(UserOrigin::Made) && known.object_id == Some(object) && !known.active
}

/// A user with our marker that no row of ours names, and that none is about to name.
fn is_orphan(known: Option<&TracedUser>, object: ObjectId) -> bool {
    known.is_none_or(|known| known.object_id != Some(object) && !(known.live && known.object_id.is_none()))
}

#[async_trait]
impl Chore for Sweeper {
    fn name(&self) -> &'static str {
        "sweep"
    }

    async fn tick(&self) -> Result<Duration, StoreError> {
        self.sweep().await?;
        Ok(self.policy.sweep)
    }
}
