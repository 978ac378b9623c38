//! Microsoft Graph: what its users and licenses calls have in common.

use super::answer::Answer;
use super::exchange::Exchange;
use super::graph_batch::{self, Item};
use super::verdict::{CallFailure, Effect, Members, Verdict};
use crate::domain::{Code, Failure, ObjectId};
use serde::Deserialize;
use std::collections::{BTreeSet, HashSet};
use std::hash::Hash;

/// Microsoft Graph of one tenant (v1.0). Cheap to clone.
///
/// Calls for many members go out in batches of up to 20, up to four batches at once. Results stand in the order asked.
#[derive(Clone)]
pub struct Graph {
    pub(super) exchange: Exchange,
}

impl Graph {
    pub(super) fn new(exchange: Exchange) -> Self {
        Self { exchange }
    }

    /// The application permissions in our token, such as `User.ReadWrite.All`; empty when no admin has consented to any.
    ///
    /// `None` when the token cannot be read, which Microsoft allows itself: then only a call shows what it permits.
    ///
    /// # Errors
    /// When no token could be had.
    pub async fn roles(&self) -> Result<Option<BTreeSet<String>>, CallFailure> {
        Ok(self.exchange.token().await?.roles.clone())
    }

    /// Forgets a token that may lack a permission granted since, so that the next call asks for a new one.
    pub async fn forget_stale_roles(&self) {
        self.exchange.forget_stale().await;
    }

    /// The absolute address of `path` at Graph, for bodies that refer to an object by it.
    pub(super) fn address(&self, path: &str) -> String {
        self.exchange.audience().origin().at(path)
    }

    /// Sends one item per member and reads each answer with `read`, which is given every answer that is a success, and
    /// every other one for which it returns something.
    pub(super) async fn each<M, T>(
        &self,
        members: &[M],
        effect: Effect,
        item: impl Fn(&M) -> Item,
        read: impl Fn(&M, &Answer) -> Option<Result<T, CallFailure>>,
    ) -> Members<T> {
        let items: Vec<Item> = members.iter().map(item).collect();
        let answers = graph_batch::send(&self.exchange, &items, effect).await?;
        let mut results = Vec::with_capacity(members.len());
        for (member, answer) in members.iter().zip(answers) {
            let result = match answer {
                Ok(answer) => {
                    read(member, &answer).unwrap_or_else(|| Err(self.exchange.failure(&answer, effect)))
                }
                Err(failure) => Err(failure),
            };
            if let Err(failure) = &result {
                self.exchange.forget_if_powerless(failure).await;
            }
            results.push(result);
        }
        Ok(results)
    }

    /// Like [`each`](Self::each) for writes, with at most one item per `key`: items of one batch run side by side, and two
    /// writes to one user disturb each other (API notes §2.10). A second one for the same key is not sent.
    pub(super) async fn each_once<M: Clone, K: Eq + Hash, T>(
        &self,
        members: &[M],
        key: impl Fn(&M) -> K,
        item: impl Fn(&M) -> Item,
        read: impl Fn(&M, &Answer) -> Option<Result<T, CallFailure>>,
    ) -> Members<T> {
        let mut seen = HashSet::new();
        let first: Vec<bool> = members.iter().map(|member| seen.insert(key(member))).collect();
        let sent: Vec<M> =
            members.iter().zip(&first).filter(|(_, first)| **first).map(|(m, _)| m.clone()).collect();
        let mut results = self.each(&sent, Effect::Write, item, read).await?.into_iter();
        let twice = || CallFailure {
            failure: Failure::new(
                Code::GraphConcurrent,
                "The same user stands twice in one call; this one was not sent.",
            ),
            verdict: Verdict::Refused,
        };
        // `results` holds exactly one for each that was sent, so the default stands only for the others.
        Ok(first
            .iter()
            .map(|first| first.then(|| results.next()).flatten().unwrap_or_else(|| Err(twice())))
            .collect())
    }
}

/// The success of a write that answers nothing but that it was done: 204, or the user it was done to.
pub(super) fn done(id: ObjectId, answer: &Answer) -> Option<Result<(), CallFailure>> {
    #[derive(Deserialize)]
    struct Named {
        id: Option<ObjectId>,
    }
    if !answer.status.is_success() {
        return None;
    }
    if answer.body.is_empty() {
        return Some(Ok(()));
    }
    Some(answer.json(Effect::Write).and_then(|named: Named| match named.id {
        Some(named) if named != id => {
            Err(answer.unreadable(Effect::Write, "The answer is about another user."))
        }
        Some(_) | None => Ok(()),
    }))
}
