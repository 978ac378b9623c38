//! The tokens of one tenant: kept in memory, one per audience, renewed by one caller while the others wait.

use super::Origin;
use super::access::{Audience, TenantAccess};
use super::sign_in;
use super::token::Token;
use super::verdict::{CallFailure, Verdict};
use super::wire::Wire;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

/// A token older than this may lack a permission that was granted since.
const STALE_AFTER: Duration = Duration::from_secs(60);

/// Exchanges the credential for tokens, and keeps them.
pub(crate) struct Tokens {
    wire: Arc<Wire>,
    access: TenantAccess,
    slots: Mutex<HashMap<(Origin, String), Arc<Slot>>>,
}

/// The token of one audience.
#[derive(Default)]
struct Slot {
    /// How often a token was asked for; changed only under `held`.
    asked: AtomicU64,
    held: tokio::sync::Mutex<Held>,
}

#[derive(Default)]
struct Held {
    token: Option<Arc<Token>>,
    /// What the last question ended in, for those who waited for its answer.
    failure: Option<CallFailure>,
}

impl Tokens {
    pub(crate) fn new(wire: Arc<Wire>, access: TenantAccess) -> Self {
        Self { wire, access, slots: Mutex::default() }
    }

    pub(crate) fn access(&self) -> &TenantAccess {
        &self.access
    }

    /// A token for `audience`: the kept one until four fifths of its life have passed, then a new one.
    ///
    /// # Errors
    /// Never uncertain: whatever call wanted the token has not been sent.
    pub(crate) async fn get(&self, audience: &Audience) -> Result<Arc<Token>, CallFailure> {
        let slot = self.slot(audience);
        let seen = slot.asked.load(Ordering::Acquire);
        let mut held = slot.held.lock().await;
        if let Some(token) = held.token.as_ref().filter(|token| self.wire.clock.elapsed() < token.renew_at) {
            return Ok(Arc::clone(token));
        }
        // Somebody asked while we waited, in vain: a hundred callers must not each wait for the same dead endpoint.
        if let (true, Some(failure)) = (slot.asked.load(Ordering::Acquire) != seen, &held.failure) {
            return self.still_good(&held).ok_or_else(|| failure.clone());
        }
        let asked = sign_in::ask(&self.wire, &self.access, audience).await;
        slot.asked.fetch_add(1, Ordering::AcqRel);
        match asked {
            Ok(token) => {
                let token = Arc::new(token);
                *held = Held { token: Some(Arc::clone(&token)), failure: None };
                Ok(token)
            }
            Err(failure) => {
                held.failure = Some(failure.clone());
                // A definite no means that the credential is gone; anything else may pass while the old token lives.
                match failure.verdict {
                    Verdict::Refused | Verdict::Absent => {
                        held.token = None;
                        Err(failure)
                    }
                    Verdict::Throttled { .. }
                    | Verdict::NotSent
                    | Verdict::Unavailable { .. }
                    | Verdict::Uncertain { .. } => self.still_good(&held).ok_or(failure),
                }
            }
        }
    }

    /// Drops `refused`, if it is still the kept one: a service does not take it any more.
    pub(crate) async fn forget(&self, audience: &Audience, refused: &Arc<Token>) {
        let slot = self.slot(audience);
        let mut held = slot.held.lock().await;
        if held.token.as_ref().is_some_and(|kept| Arc::ptr_eq(kept, refused)) {
            held.token = None;
        }
    }

    /// Drops the kept token unless it is fresh: it lacks a permission, and permissions are baked into a token, so what an
    /// admin grants shows only in a new one. A fresh one would lack it again.
    pub(crate) async fn forget_stale(&self, audience: &Audience) {
        let slot = self.slot(audience);
        let mut held = slot.held.lock().await;
        let now = self.wire.clock.elapsed();
        if held.token.as_ref().is_some_and(|kept| now.saturating_sub(kept.asked_at) >= STALE_AFTER) {
            held.token = None;
        }
    }

    fn still_good(&self, held: &Held) -> Option<Arc<Token>> {
        held.token.as_ref().filter(|token| self.wire.clock.elapsed() < token.expires_at).cloned()
    }

    fn slot(&self, audience: &Audience) -> Arc<Slot> {
        // The map is whole after any panic: an entry is there or not.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        Arc::clone(slots.entry((audience.origin().clone(), audience.scope().to_owned())).or_default())
    }
}
