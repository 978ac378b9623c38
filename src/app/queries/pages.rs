//! Going through a long list page by page.

use crate::domain::RequestId;
use crate::store::{Filter, Member, Page, Requests, StoreError};

/// How many requests are read at a time.
const PAGE_ROWS: u32 = 1_000;

/// The requests that a filter selects, a page at a time, in the order of submission.
pub struct Pages<'a, S: ?Sized> {
    store: &'a S,
    filter: Filter,
    after: Option<RequestId>,
    /// How many more may be read; absent: all.
    left: Option<u64>,
    ended: bool,
}

impl<'a, S: Requests + ?Sized> Pages<'a, S> {
    /// Begins behind `after`, for at most `rows_max` requests.
    pub fn new(store: &'a S, filter: Filter, after: Option<RequestId>, rows_max: Option<u64>) -> Self {
        Self { store, filter, after, left: rows_max, ended: rows_max == Some(0) }
    }

    /// The next page; empty at the end.
    ///
    /// # Errors
    /// As the store.
    pub async fn next(&mut self) -> Result<Vec<Member>, StoreError> {
        if self.ended {
            return Ok(Vec::new());
        }
        let wanted =
            self.left.map_or(PAGE_ROWS, |left| u32::try_from(left).unwrap_or(PAGE_ROWS).min(PAGE_ROWS));
        let page = Page { after: self.after, rows_max: wanted };
        let members = self.store.requests(self.filter.clone(), page).await?;
        let read = members.len() as u64;
        self.after = members.last().map(|member| member.request.id).or(self.after);
        self.left = self.left.map(|left| left.saturating_sub(read));
        self.ended = read < u64::from(wanted) || self.left == Some(0);
        Ok(members)
    }
}
