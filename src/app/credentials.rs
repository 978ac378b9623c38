//! Handing passwords over, and making new ones: what a daemon does for a command, and a command for itself where no daemon
//! runs.

use super::LookupError;
use super::find_request;
use crate::domain::{Clock, Code, Failure, IntentId, UserId, UserPrincipalName};
use crate::provisioning::{Rotated, Rotator};
use crate::store::{
    Actor, Filter, Page, Password, PasswordOrder, PasswordStanding, Requests, Store, StoreError,
};
use std::collections::{HashMap, HashSet};
use std::sync::Arc;

/// How many requests of one name are looked through.
const REQUESTS_OF_NAME_MAX: u32 = 1_000;

/// Hands passwords over, on a store that this process owns.
pub struct Credentials {
    /// The store.
    pub store: Arc<dyn Store>,
    /// The time.
    pub clock: Arc<dyn Clock>,
    /// Who makes new passwords; needed for rotations, and for hand-overs if the policy is `reset`.
    pub rotator: Option<Arc<Rotator>>,
    /// Whether a hand-over makes a new password where none was kept (policy `reset`).
    pub resets: bool,
}

/// What was handed over of one user; more than one password if nobody knows which is the right one.
pub type Handover = (UserId, Result<Vec<HandedOver>, Failure>);

/// One sealed password, handed over.
#[derive(Clone, PartialEq, Eq)]
pub struct HandedOver {
    /// The write that it was made for.
    pub intent: IntentId,
    /// An `age` file in its binary form.
    pub sealed: Vec<u8>,
    /// Whether it is known to be the one that the user has.
    pub certain: bool,
}

impl Credentials {
    /// Hands over the passwords of these users, in the order asked. Each is recorded in the history.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn take(&self, users: &[UserId], actor: &Actor) -> Result<Vec<Handover>, StoreError> {
        let users = distinct(users);
        let mut failures = self.reset_where_none_is_kept(&users, actor).await?;
        let order = PasswordOrder { users: users.clone(), actor: actor.clone(), now: self.clock.now() };
        let mut taken: HashMap<UserId, Vec<HandedOver>> = HashMap::new();
        for one in self.store.take_passwords(order).await? {
            let of_user = taken.entry(one.user).or_default();
            of_user.push(HandedOver { intent: one.intent, sealed: one.sealed, certain: true });
        }
        let standings = self.standings(&users).await?;
        for (user, handed) in &mut taken {
            let certain = standings.get(user) != Some(&PasswordStanding::Uncertain);
            handed.iter_mut().for_each(|one| one.certain = certain);
        }
        let result = |user: UserId| match (failures.remove(&user), taken.remove(&user)) {
            (_, Some(handed)) => Ok(handed),
            (Some(failure), None) => Err(failure),
            (None, None) => Err(untakable(standings.get(&user))),
        };
        let mut result = result;
        Ok(users.iter().map(|user| (*user, result(*user))).collect())
    }

    /// What was handed over of these users has not arrived, and counts as not taken.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn give_back(&self, users: &[UserId], actor: &Actor) -> Result<(), StoreError> {
        let order = PasswordOrder { users: distinct(users), actor: actor.clone(), now: self.clock.now() };
        self.store.give_passwords_back(order).await
    }

    /// Destroys what these users' takers have received.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn acknowledge(&self, users: &[UserId], actor: &Actor) -> Result<Vec<Rotated>, StoreError> {
        let users = distinct(users);
        let order = PasswordOrder { users: users.clone(), actor: actor.clone(), now: self.clock.now() };
        let destroyed: HashSet<UserId> = self.store.acknowledge_passwords(order).await?.into_iter().collect();
        let standings = self.standings(&users).await?;
        let result = |user: &UserId| {
            if destroyed.contains(user) {
                return Ok(());
            }
            Err(match standings.get(user) {
                Some(PasswordStanding::Waiting | PasswordStanding::Taken | PasswordStanding::Uncertain) => {
                    Failure::new(Code::CredentialsNotTaken, "")
                }
                other => untakable(other),
            })
        };
        Ok(users.iter().map(|user| (*user, result(user))).collect())
    }

    /// Gives these users new passwords.
    ///
    /// # Errors
    /// Those of the store.
    pub async fn rotate(&self, users: &[UserId], actor: &Actor) -> Result<Vec<Rotated>, StoreError> {
        match &self.rotator {
            Some(rotator) => rotator.rotate(&distinct(users), actor).await,
            None => {
                let failure = Failure::new(Code::CredentialsNoRecipient, "");
                Ok(users.iter().map(|user| (*user, Err(failure.clone()))).collect())
            }
        }
    }

    async fn reset_where_none_is_kept(
        &self,
        users: &[UserId],
        actor: &Actor,
    ) -> Result<HashMap<UserId, Failure>, StoreError> {
        if !self.resets {
            return Ok(HashMap::new());
        }
        let standings = self.standings(users).await?;
        let none_kept = |user: &UserId| standings.get(user) == Some(&PasswordStanding::NoneKept);
        let users: Vec<UserId> = users.iter().copied().filter(none_kept).collect();
        if users.is_empty() {
            return Ok(HashMap::new());
        }
        let rotated = self.rotate(&users, actor).await?;
        Ok(rotated.into_iter().filter_map(|(user, result)| Some((user, result.err()?))).collect())
    }

    async fn standings(&self, users: &[UserId]) -> Result<HashMap<UserId, PasswordStanding>, StoreError> {
        let found = self.store.passwords(users.to_vec()).await?;
        Ok(found.iter().map(|password| (password.user, password.standing())).collect())
    }
}

/// Why there is nothing to hand over.
fn untakable(standing: Option<&PasswordStanding>) -> Failure {
    let code = match standing {
        None | Some(PasswordStanding::NotMade) => Code::CredentialsNotMade,
        Some(PasswordStanding::NotOurs) => Code::CredentialsNotOurs,
        Some(PasswordStanding::Acknowledged) => Code::CredentialsAcknowledged,
        Some(PasswordStanding::NoneKept) => Code::CredentialsNoneKept,
        // Something is kept and was not given: nobody wants the user any more.
        Some(PasswordStanding::Waiting | PasswordStanding::Taken | PasswordStanding::Uncertain) => {
            return Failure::new(Code::CredentialsNotMade, "None of its requests lives any more.");
        }
    };
    Failure::new(code, "")
}

fn distinct(users: &[UserId]) -> Vec<UserId> {
    let mut seen = HashSet::new();
    users.iter().copied().filter(|user| seen.insert(*user)).collect()
}

/// The users that a text means: the user of a request, by the request's id, its first characters, or the user's name. Here a
/// name is enough, since the requests of a user in several environments share its password.
///
/// # Errors
/// When none or several are meant.
pub async fn find_users(store: &(impl Requests + ?Sized), text: &str) -> Result<UserId, LookupError> {
    let text = text.trim();
    if text.contains('@') && !text.contains('/') {
        let Ok(name) = UserPrincipalName::parse(text) else {
            return Err(LookupError::Unknown(text.to_owned()));
        };
        let filter = Filter { name_prefix: Some(name.to_string()), ..Filter::default() };
        let page = Page { after: None, rows_max: REQUESTS_OF_NAME_MAX };
        let mut found = store.requests(filter, page).await?;
        found.retain(|member| member.user.account.user_principal_name == name);
        let users = distinct(&found.iter().map(|member| member.user.id).collect::<Vec<_>>());
        if let [user] = users[..] {
            return Ok(user);
        }
    }
    Ok(find_request(store, text).await?.user.id)
}

/// The passwords of the users behind a page of requests, each once.
///
/// # Errors
/// Those of the store.
pub async fn passwords_behind(
    store: &(impl crate::store::Passwords + ?Sized),
    users: impl IntoIterator<Item = UserId>,
) -> Result<Vec<Password>, StoreError> {
    let users = distinct(&users.into_iter().collect::<Vec<_>>());
    store.passwords(users).await
}
