//! What happened last, with the names of the requests it happened to.

use crate::app::views::{Moment, Tone, timeline};
use crate::domain::{BatchId, EventKind, RequestId};
use crate::store::{Event, Store, StoreError};
use std::collections::{HashMap, VecDeque};

/// How many happenings are kept.
const KEPT: usize = 50;

/// How many events are read at one look; of more, only the latest matter.
const READ_MAX: u32 = 200;

/// How many names are remembered before all are forgotten and read anew.
const NAMES_MAX: usize = 10_000;

/// Something that happened to a request.
#[derive(Clone, Debug, PartialEq)]
pub(super) struct Happening {
    pub(super) sequence: i64,
    pub(super) at: Moment,
    pub(super) name: String,
    pub(super) text: String,
    pub(super) tone: Tone,
}

/// The latest happenings, of one batch or of all.
pub(super) struct Latest {
    batch: Option<BatchId>,
    seen: i64,
    kept: VecDeque<Happening>,
    names: HashMap<RequestId, (String, BatchId)>,
}

impl Latest {
    pub(super) fn new(batch: Option<BatchId>) -> Self {
        Self { batch, seen: 0, kept: VecDeque::new(), names: HashMap::new() }
    }

    /// Reads what is new; gives all that is kept, the latest last.
    pub(super) async fn look(&mut self, store: &dyn Store) -> Result<Vec<Happening>, StoreError> {
        let mut events = store.latest(self.seen, READ_MAX).await?;
        events.reverse();
        for event in events {
            self.seen = self.seen.max(event.sequence);
            if is_news(event.kind)
                && let Some(happening) = self.happening(store, &event).await?
            {
                self.kept.push_back(happening);
            }
        }
        while self.kept.len() > KEPT {
            self.kept.pop_front();
        }
        Ok(self.kept.iter().cloned().collect())
    }

    async fn happening(&mut self, store: &dyn Store, event: &Event) -> Result<Option<Happening>, StoreError> {
        if self.names.len() > NAMES_MAX {
            self.names.clear();
        }
        if !self.names.contains_key(&event.request)
            && let Some(member) = store.request(event.request).await?
        {
            let asked = &member.request.asked;
            let name = format!("{}/{}", asked.account.user_principal_name, asked.environment);
            self.names.insert(event.request, (name, member.request.batch));
        }
        let Some((name, batch)) = self.names.get(&event.request) else { return Ok(None) };
        if self.batch.is_some_and(|wanted| wanted != *batch) {
            return Ok(None);
        }
        let told = timeline(std::slice::from_ref(event)).into_iter().next();
        Ok(told.map(|entry| {
            let cause = entry.failure.map(|failure| format!(": {} [{}]", failure.message, failure.code));
            let by = entry.actor.map(|actor| format!(" by {actor}"));
            Happening {
                sequence: event.sequence,
                at: entry.at,
                name: name.clone(),
                text: format!("{}{}{}", entry.text, by.unwrap_or_default(), cause.unwrap_or_default()),
                tone: entry.tone,
            }
        }))
    }
}

/// Whether somebody who watches wants to see it; that a write begins is told by what comes of it.
const fn is_news(kind: EventKind) -> bool {
    match kind {
        EventKind::Begun => false,
        EventKind::Submitted
        | EventKind::Checked
        | EventKind::Admitted
        | EventKind::Advanced
        | EventKind::Throttled
        | EventKind::Failed
        | EventKind::Blocked
        | EventKind::Regressed
        | EventKind::Paused
        | EventKind::Resumed
        | EventKind::Retried
        | EventKind::Cancelled
        | EventKind::Unwound
        | EventKind::GivenUp
        | EventKind::Parked
        | EventKind::Verified
        | EventKind::Drifted
        | EventKind::Reopened
        | EventKind::Adopted
        | EventKind::Rescued
        | EventKind::HandedOver
        | EventKind::Acknowledged
        | EventKind::Destroyed
        | EventKind::Rotated
        | EventKind::Swept => true,
    }
}
