//! What happened last, with the names of the requests it happened to.

use crate::app::views::{Moment, Tone, timeline};
use crate::domain::{BatchId, EventKind, RequestId};
use crate::store::{Event, Store, StoreError};
use std::collections::{BTreeMap, BTreeSet, HashMap};

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
    seen: Seen,
    /// By their places in the order of all events.
    kept: BTreeMap<i64, Happening>,
    names: HashMap<RequestId, (String, BatchId)>,
}

/// What was there at the last look. Of two events that are written at once the later number may be seen first
/// (`Events::latest`), so that the largest number does not tell what is new.
#[derive(Default)]
struct Seen(BTreeSet<i64>);

impl Seen {
    /// The events that were not there before, in order; `read` are the latest of all.
    fn news(&mut self, read: Vec<Event>) -> Vec<Event> {
        let before = std::mem::replace(&mut self.0, read.iter().map(|event| event.sequence).collect());
        let mut news: Vec<Event> =
            read.into_iter().filter(|event| !before.contains(&event.sequence)).collect();
        news.sort_by_key(|event| event.sequence);
        news
    }
}

impl Latest {
    pub(super) fn new(batch: Option<BatchId>) -> Self {
        Self { batch, seen: Seen::default(), kept: BTreeMap::new(), names: HashMap::new() }
    }

    /// Reads what is new; gives all that is kept, the latest last.
    pub(super) async fn look(&mut self, store: &dyn Store) -> Result<Vec<Happening>, StoreError> {
        let read = store.latest(0, READ_MAX).await?;
        for event in self.seen.news(read) {
            if is_news(event.kind)
                && let Some(happening) = self.happening(store, &event).await?
            {
                self.kept.insert(event.sequence, happening);
            }
        }
        while self.kept.len() > KEPT {
            self.kept.pop_first();
        }
        Ok(self.kept.values().cloned().collect())
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::{State, UserId};
    use crate::store::{Actor, Origin};
    use uuid::Uuid;

    fn event(sequence: i64) -> Event {
        Event {
            sequence,
            occurred_at: chrono::DateTime::UNIX_EPOCH,
            request: RequestId(Uuid::nil()),
            user: UserId(Uuid::nil()),
            actor: Actor { name: "engine".to_owned(), origin: Origin::Engine },
            kind: EventKind::Advanced,
            from: State::Requested,
            to: State::Created,
            intent: None,
            failure: None,
            remote_request_ids: Vec::new(),
            drift: None,
        }
    }

    #[test]
    fn an_event_that_shows_up_behind_a_later_one_is_news_once() {
        let mut seen = Seen::default();
        let mut news = |read: &[i64]| -> Vec<i64> {
            let read = read.iter().map(|sequence| event(*sequence)).collect();
            seen.news(read).iter().map(|event| event.sequence).collect()
        };
        assert_eq!(news(&[4, 1]), [1, 4]);
        assert_eq!(
            news(&[5, 4, 2, 1]),
            [2, 5],
            "2 was written at the same time as 4, and committed after it"
        );
        assert_eq!(news(&[6, 5, 4, 3]), [3, 6]);
        assert_eq!(news(&[6, 5, 4, 3]), [] as [i64; 0]);
    }
}
