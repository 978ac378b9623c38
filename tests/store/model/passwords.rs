//! Sealed passwords.

use super::books::{Books, Filed, Person, Sealed};
use seatless::domain::{EventKind, Failure, IntentId, RequestId, State, UserId};
use seatless::store::{
    Event, KeptPassword, OpenRotation, Password, PasswordOrder, Rotation, RotationEnd, RotationFate,
    SealedPassword, UserOrigin,
};
use std::collections::BTreeSet;

impl Books {
    fn is_wanted(&self, user: UserId) -> bool {
        self.of_user(user).any(|one| one.is_live() && !one.staged)
    }

    /// Told in the history of each request of the user that lives or has succeeded.
    fn note(
        &mut self,
        order: &PasswordOrder,
        (user, intent): (UserId, IntentId),
        kind: EventKind,
        failure: Option<&Failure>,
    ) {
        let live = |one: &&Filed| one.is_live() && !one.staged;
        let of: Vec<(RequestId, State)> =
            self.of_user(user).filter(live).map(|one| (one.request.id, one.request.progress.state)).collect();
        for (request, state) in of {
            self.tell(Event {
                sequence: 0,
                occurred_at: order.now,
                request,
                user,
                actor: order.actor.clone(),
                kind,
                from: state,
                to: state,
                intent: Some(intent),
                failure: failure.cloned(),
                remote_request_ids: failure.map_or_else(Vec::new, |one| one.remote_request_ids.clone()),
                drift: None,
            });
        }
    }

    /// Those of a user, oldest first.
    fn kept(&self, user: UserId) -> Vec<(IntentId, &Sealed)> {
        let mut kept: Vec<(IntentId, &Sealed)> = self
            .sealed
            .iter()
            .filter(|(_, sealed)| sealed.user == user)
            .map(|(intent, sealed)| (*intent, sealed))
            .collect();
        kept.sort_by_key(|(intent, sealed)| (sealed.begun_at, *intent));
        kept
    }

    pub fn passwords(&self, users: Vec<UserId>) -> Vec<Password> {
        let read = |person: &Person| Password {
            user: person.user.id,
            tenant: person.user.tenant.clone(),
            tenant_id: person.user.tenant_id,
            user_principal_name: person.user.account.user_principal_name.clone(),
            object_id: person.user.object_id,
            origin: person.user.origin,
            valid: person.valid,
            rotation: person.rotation,
            doubted_before: self.doubted_since,
            acknowledged_at: person.acknowledged_at,
            kept: self
                .kept(person.user.id)
                .into_iter()
                .map(|(intent, sealed)| KeptPassword {
                    intent,
                    begun_at: sealed.begun_at,
                    taken_at: sealed.taken_at,
                })
                .collect(),
        };
        users.into_iter().filter_map(|user| self.users.get(&user)).map(read).collect()
    }

    pub fn take_passwords(&mut self, order: &PasswordOrder) -> Vec<SealedPassword> {
        let mut taken = Vec::new();
        for user in &order.users {
            let Some(person) = self.users.get(user).filter(|_| self.is_wanted(*user)) else { continue };
            let certain = person.valid.filter(|_| person.rotation.is_none());
            let right = |intent: &IntentId| certain.is_none_or(|valid| valid == *intent);
            let ours = person.user.origin == Some(UserOrigin::Made);
            let kept = self.kept(*user).into_iter().filter(|(intent, _)| ours && right(intent));
            taken.extend(kept.map(|(intent, sealed)| SealedPassword {
                user: *user,
                intent,
                begun_at: sealed.begun_at,
                sealed: sealed.bytes.clone(),
            }));
        }
        for one in &taken {
            self.sealed.get_mut(&one.intent).expect("it is kept").taken_at = Some(order.now);
            self.note(order, (one.user, one.intent), EventKind::HandedOver, None);
        }
        taken
    }

    pub fn give_passwords_back(&mut self, order: &PasswordOrder) {
        for sealed in self.sealed.values_mut().filter(|sealed| order.users.contains(&sealed.user)) {
            sealed.taken_at = None;
        }
    }

    pub fn acknowledge_passwords(&mut self, order: &PasswordOrder) -> Vec<UserId> {
        let wanted: BTreeSet<UserId> =
            order.users.iter().copied().filter(|user| self.is_wanted(*user)).collect();
        let mut whose = Vec::new();
        for user in wanted {
            let taken: Vec<IntentId> = self
                .kept(user)
                .into_iter()
                .filter(|(_, sealed)| sealed.taken_at.is_some())
                .map(|(intent, _)| intent)
                .collect();
            for intent in &taken {
                self.sealed.remove(intent);
                self.note(order, (user, *intent), EventKind::Acknowledged, None);
            }
            if !taken.is_empty() {
                self.users.get_mut(&user).expect("it was just there").acknowledged_at = Some(order.now);
                whose.push(user);
            }
        }
        whose
    }

    pub fn begin_rotations(
        &mut self,
        rotations: &[Rotation],
        sealed: Vec<Vec<u8>>,
        order: &PasswordOrder,
    ) -> Vec<RotationFate> {
        let mut fates = Vec::new();
        for (one, bytes) in rotations.iter().zip(sealed) {
            let wanted = self.is_wanted(one.user);
            let ours = |person: &&mut Person| {
                person.user.origin == Some(UserOrigin::Made)
                    && person.user.object_id.is_some()
                    && person.rotation.map(|open| open.intent) == one.before.map(|open| open.intent)
            };
            let Some(person) = self.users.get_mut(&one.user).filter(ours).filter(|_| wanted) else {
                fates.push(RotationFate::Lost);
                continue;
            };
            person.rotation = Some(OpenRotation { intent: one.intent, begun_at: order.now });
            let kept = Sealed { user: one.user, bytes, begun_at: order.now, taken_at: None };
            self.sealed.entry(one.intent).or_insert(kept);
            self.note(order, (one.user, one.intent), EventKind::Begun, None);
            fates.push(RotationFate::Recorded);
        }
        fates
    }

    pub fn end_rotations(
        &mut self,
        ends: &[(Rotation, RotationEnd)],
        order: &PasswordOrder,
    ) -> Vec<RotationFate> {
        let mut fates = Vec::new();
        // In the order in which it is told: first what was never used.
        let (mut unused, mut superseded) = (BTreeSet::new(), BTreeSet::new());
        for (one, end) in ends {
            let stands = |person: &&mut Person| person.rotation.is_some_and(|open| open.intent == one.intent);
            let person = self.users.get_mut(&one.user).filter(stands);
            let whose = (one.user, one.intent);
            let recorded = match (end, person) {
                (RotationEnd::Confirmed, Some(person)) => {
                    person.valid = Some(one.intent);
                    person.rotation = None;
                    person.acknowledged_at = None;
                    let gone = self.destroy_superseded(one.user);
                    superseded.extend(gone.into_iter().map(|intent| (one.user, intent)));
                    self.note(order, whose, EventKind::Rotated, None);
                    true
                }
                (RotationEnd::NotDone(failure), Some(person)) => {
                    person.rotation = one.before;
                    unused.extend(self.sealed.remove(&one.intent).map(|_| whose));
                    self.note(order, whose, EventKind::Failed, Some(failure));
                    true
                }
                (RotationEnd::Unknown(failure), _) => {
                    self.note(order, whose, EventKind::Failed, Some(failure));
                    true
                }
                (RotationEnd::Confirmed | RotationEnd::NotDone(_), None) => false,
            };
            fates.push(if recorded { RotationFate::Recorded } else { RotationFate::Lost });
        }
        for whose in unused.into_iter().chain(superseded) {
            self.note(order, whose, EventKind::Destroyed, None);
        }
        fates
    }

    /// Destroys what is certainly not the user's password, and everything of a user that is not ours.
    pub fn destroy_superseded(&mut self, user: UserId) -> Vec<IntentId> {
        let person = &self.users[&user];
        let certain = person.valid.filter(|_| person.rotation.is_none());
        let unknown = person.user.origin.is_none();
        let wrong = |intent: &IntentId| unknown || certain.is_some_and(|valid| valid != *intent);
        let gone: Vec<IntentId> =
            self.kept(user).into_iter().map(|(intent, _)| intent).filter(wrong).collect();
        for intent in &gone {
            self.sealed.remove(intent);
        }
        gone
    }
}
