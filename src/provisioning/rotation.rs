//! New passwords for users that we made: look, record, send, and record what came of it.

use super::password::generate;
use super::{Marker, Places, Recipients};
use crate::cloud::{CallFailure, Graph, UserKey, Verdict};
use crate::domain::{Chance, Clock, Code, Failure, Ids, Instant, IntentId, ObjectId, Term, UserId};
use crate::store::{
    Actor, Doubt, Password, PasswordOrder, PasswordStanding, Rotation, RotationEnd, RotationFate, Standing,
    Store, StoreError,
};
use secrecy::SecretString;
use std::collections::BTreeMap;
use std::sync::Arc;
use std::time::Duration;

/// Makes new passwords.
pub struct Rotator {
    /// Where they are kept, sealed.
    pub store: Arc<dyn Store>,
    /// Where the tenants are.
    pub places: Places,
    /// To whom they are sealed.
    pub recipients: Recipients,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Chance, for passwords.
    pub chance: Arc<dyn Chance>,
    /// Identities, for intents.
    pub ids: Arc<dyn Ids>,
    /// How long a call of which nothing was heard may still land. Before, no second rotation is begun: landing last, the
    /// first would undo it unseen.
    pub landing_max: Duration,
}

/// What came of one user's rotation; a failure with the code `credentials.rotation-uncertain` means that nobody knows.
pub type Rotated = (UserId, Result<(), Failure>);

/// A user whose password may be set.
struct Candidate {
    password: Password,
    id: ObjectId,
}

/// A rotation that is recorded.
struct Begun {
    rotation: Rotation,
    id: ObjectId,
    secret: SecretString,
}

impl Rotator {
    /// Gives each of these users a new password, sealed and recorded before it is sent; in the order asked. At most some
    /// dozens at a time: each tenant gets one batch of calls.
    ///
    /// # Errors
    /// Those of the store. What was sent before is recorded as unknown then.
    pub async fn rotate(&self, users: &[UserId], actor: &Actor) -> Result<Vec<Rotated>, StoreError> {
        let is_copy = match self.store.standing().await? {
            Standing::ReportOnly { doubt: Doubt::Copied, .. } => true,
            Standing::ReportOnly { doubt: Doubt::Restored, .. } | Standing::Trusted => false,
        };
        if is_copy {
            let failure = Failure::new(Code::CredentialsCopyUnconfirmed, "");
            return Ok(users.iter().map(|user| (*user, Err(failure.clone()))).collect());
        }
        let mut results: BTreeMap<UserId, Result<(), Failure>> = BTreeMap::new();
        let mut by_tenant: BTreeMap<String, Vec<Candidate>> = BTreeMap::new();
        for password in self.store.passwords(users.to_vec()).await? {
            match self.admit(&password) {
                Ok(id) => {
                    let tenant = by_tenant.entry(password.tenant.clone()).or_default();
                    tenant.push(Candidate { password, id });
                }
                Err(failure) => drop(results.insert(password.user, Err(failure))),
            }
        }
        for (tenant, candidates) in by_tenant {
            results.extend(self.rotate_in(&tenant, candidates, actor).await?);
        }
        let unknown = || Err(Failure::new(Code::CredentialsNotMade, ""));
        Ok(users.iter().map(|user| (*user, results.remove(user).unwrap_or_else(unknown))).collect())
    }

    /// Whether a user's password may be set at all, as far as our own records tell.
    fn admit(&self, password: &Password) -> Result<ObjectId, Failure> {
        if self.recipients.is_empty() {
            return Err(Failure::new(Code::CredentialsNoRecipient, ""));
        }
        match password.standing() {
            PasswordStanding::NotMade => return Err(Failure::new(Code::CredentialsNotMade, "")),
            PasswordStanding::NotOurs => return Err(Failure::new(Code::CredentialsNotOurs, "")),
            PasswordStanding::Waiting
            | PasswordStanding::Taken
            | PasswordStanding::Uncertain
            | PasswordStanding::Acknowledged
            | PasswordStanding::NoneKept => {}
        }
        if password.rotation.is_some_and(|open| self.may_still_land(open.begun_at)) {
            return Err(Failure::new(Code::CredentialsRotationPending, ""));
        }
        if self.places.tenant(&password.tenant)?.id != password.tenant_id {
            return Err(Failure::new(
                Code::MachinePinnedElsewhere,
                format!("The tenant {:?} has another id than at submission.", password.tenant),
            ));
        }
        password.object_id.ok_or_else(|| Failure::new(Code::CredentialsNotMade, ""))
    }

    fn may_still_land(&self, begun_at: Instant) -> bool {
        self.clock.now() < begun_at + self.landing_max
    }

    async fn rotate_in(
        &self,
        tenant: &str,
        candidates: Vec<Candidate>,
        actor: &Actor,
    ) -> Result<Vec<Rotated>, StoreError> {
        let graph = match self.places.tenant(tenant) {
            // Nothing is sent so late that it lands when another rotation may have been begun.
            Ok(place) => place.within(&Term::until(self.clock.elapsed() + self.landing_max)).client.graph(),
            Err(failure) => return Ok(all_failed(&candidates, &failure)),
        };
        let (fit, mut results) = self.look(&graph, candidates).await;
        let begun = self.begin(fit, &mut results, actor).await?;
        if begun.is_empty() {
            return Ok(results);
        }
        let changes: Vec<(ObjectId, SecretString)> =
            begun.iter().map(|one| (one.id, one.secret.clone())).collect();
        let ends: Vec<(Rotation, RotationEnd)> = match graph.set_passwords(&changes).await {
            Ok(answers) => {
                begun.iter().map(|one| one.rotation).zip(answers.into_iter().map(end_of)).collect()
            }
            Err(call) => begun.iter().map(|one| (one.rotation, end_of(Err(call.clone())))).collect(),
        };
        drop((changes, begun));
        let fates = self.store.end_rotations(ends.clone(), self.order(actor)).await?;
        for ((rotation, end), fate) in ends.into_iter().zip(fates) {
            results.push((rotation.user, told(end, fate)));
        }
        Ok(results)
    }

    /// Looks at the users: they must be there, ours, and no administrators.
    async fn look(&self, graph: &Graph, candidates: Vec<Candidate>) -> (Vec<Candidate>, Vec<Rotated>) {
        let keys: Vec<UserKey> = candidates.iter().map(|one| UserKey::Id(one.id)).collect();
        let ids: Vec<ObjectId> = candidates.iter().map(|one| one.id).collect();
        let seen = match graph.read_users(&keys).await {
            Ok(seen) => seen,
            Err(call) => return (Vec::new(), all_failed(&candidates, &call.failure)),
        };
        let administrators = match graph.are_administrators(&ids).await {
            Ok(answers) => answers,
            Err(call) => return (Vec::new(), all_failed(&candidates, &call.failure)),
        };
        let (mut fit, mut refused) = (Vec::new(), Vec::new());
        for ((one, user), administrator) in candidates.into_iter().zip(seen).zip(administrators) {
            let marker = match user {
                Ok(Some(user)) => user.marker.as_deref().and_then(Marker::parse),
                // A directory may not show a user for minutes after its creation, so this does not mean that it is gone.
                Ok(None) => {
                    refused.push((one.password.user, Err(Failure::new(Code::CredentialsNotMade, ""))));
                    continue;
                }
                Err(call) => {
                    refused.push((one.password.user, Err(call.failure)));
                    continue;
                }
            };
            // A marker that a person took away does not make the user a stranger; another one's marker does.
            let foreign = marker
                .is_some_and(|marker| marker.store != self.store.id() || marker.user != one.password.user);
            match administrator {
                Ok(_) if foreign => {
                    let failure =
                        Failure::new(Code::CredentialsNotOurs, "It carries the mark of another Seatless.");
                    refused.push((one.password.user, Err(failure)));
                }
                Ok(false) => fit.push(one),
                Ok(true) => {
                    let failure =
                        Failure::new(Code::GraphPasswordForbidden, "It holds an administrator role.");
                    refused.push((one.password.user, Err(failure)));
                }
                Err(call) => refused.push((one.password.user, Err(call.failure))),
            }
        }
        (fit, refused)
    }

    /// Draws, seals and records; what could not be recorded is not sent.
    async fn begin(
        &self,
        candidates: Vec<Candidate>,
        results: &mut Vec<Rotated>,
        actor: &Actor,
    ) -> Result<Vec<Begun>, StoreError> {
        let (mut begun, mut sealed) = (Vec::new(), Vec::new());
        for one in candidates {
            let intent = IntentId(self.ids.fresh());
            let secret = generate(&*self.chance);
            match self.recipients.seal(&secret, &one.password.user_principal_name, intent) {
                Ok(bytes) => sealed.push(bytes),
                Err(error) => {
                    let failure =
                        Failure::new(Code::ConfigInvalid, format!("The password cannot be sealed: {error}"));
                    results.push((one.password.user, Err(failure)));
                    continue;
                }
            }
            let rotation = Rotation { user: one.password.user, intent, before: one.password.rotation };
            begun.push(Begun { rotation, id: one.id, secret });
        }
        if begun.is_empty() {
            return Ok(begun);
        }
        let rotations = begun.iter().map(|one| one.rotation).collect();
        let fates = self.store.begin_rotations(rotations, sealed, self.order(actor)).await?;
        let mut fates = fates.into_iter();
        begun.retain(|one| {
            let recorded = fates.next() == Some(RotationFate::Recorded);
            if !recorded {
                let failure =
                    Failure::new(Code::CredentialsRotationPending, "Or nobody wants the user any more.");
                results.push((one.rotation.user, Err(failure)));
            }
            recorded
        });
        Ok(begun)
    }

    fn order(&self, actor: &Actor) -> PasswordOrder {
        PasswordOrder { users: Vec::new(), actor: actor.clone(), now: self.clock.now() }
    }
}

fn all_failed(candidates: &[Candidate], failure: &Failure) -> Vec<Rotated> {
    candidates.iter().map(|one| (one.password.user, Err(failure.clone()))).collect()
}

/// What the answer to a write means for the rotation.
fn end_of(answer: Result<(), CallFailure>) -> RotationEnd {
    let CallFailure { failure, verdict } = match answer {
        Ok(()) => return RotationEnd::Confirmed,
        Err(call) => call,
    };
    match verdict {
        Verdict::Uncertain { .. } => RotationEnd::Unknown(Failure {
            code: Code::CredentialsRotationUncertain,
            message: failure.message,
            remote_request_ids: failure.remote_request_ids,
        }),
        Verdict::Throttled { .. }
        | Verdict::NotSent
        | Verdict::Unavailable { .. }
        | Verdict::Absent
        | Verdict::Refused => RotationEnd::NotDone(forbidden(failure)),
    }
}

/// A password needs more rights than anything else we do, so it gets a hint of its own (Microsoft Graph,
/// api/user-update: `User-PasswordProfile.ReadWrite.All` and a directory role above the target's).
fn forbidden(failure: Failure) -> Failure {
    if failure.code == Code::GraphPermissionMissing {
        Failure { code: Code::GraphPasswordForbidden, ..failure }
    } else {
        failure
    }
}

fn told(end: RotationEnd, fate: RotationFate) -> Result<(), Failure> {
    match (end, fate) {
        (RotationEnd::Confirmed, RotationFate::Recorded) => Ok(()),
        (RotationEnd::Confirmed, RotationFate::Lost) => Err(Failure::new(
            Code::CredentialsRotationUncertain,
            "Somebody else has begun a rotation of the same user meanwhile.",
        )),
        (RotationEnd::NotDone(failure) | RotationEnd::Unknown(failure), _) => Err(failure),
    }
}
