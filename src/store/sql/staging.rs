//! A chunk of a submission against what is stored: what is new, what is known, what is at fault; pure.

use super::cells::{AnyRow, Cells};
use super::corrupt::corrupt;
use super::json_rows::JsonRows;
use crate::domain::{BatchId, RequestId, UserId};
use crate::store::{StageFault, StageReport, StagedRequest, StoreError};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

/// A user as the chunk sees it.
struct KnownUser {
    id: UserId,
    print: [u8; 32],
    /// A request of it is live or has succeeded: its names and license stand fast.
    settled: bool,
    /// It has to be written.
    written_by: Option<usize>,
}

/// A request that takes the place of another one in its environment.
struct KnownRequest {
    id: RequestId,
    print: [u8; 32],
    in_progress: bool,
    /// Absent for one of this very chunk.
    batch: Option<BatchId>,
}

/// A chunk, with what is known of its users and requests.
pub(in crate::store) struct Staging<'a> {
    chunk: &'a [StagedRequest],
    users: HashMap<(&'a str, &'a str), KnownUser>,
    requests: HashMap<(UserId, &'a str), KnownRequest>,
}

/// What comes of a chunk: the report, and what is to be written.
pub(in crate::store) struct Staged {
    pub(in crate::store) report: StageReport,
    pub(in crate::store) users: JsonRows,
    pub(in crate::store) requests: JsonRows,
}

impl<'a> Staging<'a> {
    pub(in crate::store) fn of(chunk: &'a [StagedRequest]) -> Self {
        let (users, requests) = (HashMap::with_capacity(chunk.len()), HashMap::with_capacity(chunk.len()));
        Self { chunk, users, requests }
    }

    /// What it asks for: tenant, name, environment.
    pub(in crate::store) fn asked(&self) -> JsonRows {
        let mut asked = JsonRows::new();
        for StagedRequest { asked: request, .. } in self.chunk {
            let name = request.account.user_principal_name.as_str();
            asked.row().text(&request.tenant).text(name).text(&request.environment);
        }
        asked
    }

    /// Takes note of a stored user, with its request in the environment that was asked for, if there is one.
    pub(in crate::store) fn know<'r>(&mut self, row: impl Into<AnyRow<'r>>) -> Result<(), StoreError> {
        let mut cells = Cells::of(row);
        let place = cells.int()?;
        let Some(staged) = usize::try_from(place).ok().and_then(|place| self.chunk.get(place)) else {
            return Err(corrupt("the stored users", "a row belongs to nothing that was asked"));
        };
        let user = UserId(cells.id()?);
        let user_print = print_of(cells.take()?)?;
        let request = cells.maybe_id()?.map(RequestId);
        let request_print: Option<&[u8]> = cells.take()?;
        let in_progress = cells.maybe_flag()?.unwrap_or_default();
        let settled = cells.flag()?;
        let batch = cells.maybe_id()?.map(BatchId);
        let known = KnownUser { id: user, print: user_print, settled, written_by: None };
        let name = staged.asked.account.user_principal_name.as_str();
        self.users.insert((&staged.asked.tenant, name), known);
        if let (Some(id), Some(print)) = (request, request_print) {
            let known = KnownRequest { id, print: print_of(print)?, in_progress, batch };
            self.requests.insert((user, staged.asked.environment.as_str()), known);
        }
        Ok(())
    }

    /// Decides about each request.
    pub(in crate::store) fn weigh(mut self) -> Staged {
        let mut report = StageReport::default();
        let mut requests = JsonRows::new();
        for (place, staged) in self.chunk.iter().enumerate() {
            let print = staged.asked.fingerprint();
            let admitted = admit(place, staged, print, &mut self.users, &mut self.requests, &mut report);
            if let Some(user) = admitted {
                push_request(&mut requests, staged, user, &print);
            }
        }
        let mut written: Vec<(usize, KnownUser)> =
            self.users.into_values().filter_map(|user| user.written_by.map(|place| (place, user))).collect();
        written.sort_by_key(|(place, _)| *place);
        let mut users = JsonRows::new();
        for (place, user) in &written {
            push_user(&mut users, &self.chunk[*place], user);
        }
        Staged { report, users, requests }
    }
}

/// Decides whether one request is new, and if so for which user; everything else goes into the report.
fn admit<'a>(
    place: usize,
    staged: &'a StagedRequest,
    print: [u8; 32],
    users: &mut HashMap<(&'a str, &'a str), KnownUser>,
    requests: &mut HashMap<(UserId, &'a str), KnownRequest>,
    report: &mut StageReport,
) -> Option<UserId> {
    let asked = &staged.asked;
    let line = staged.line;
    let account_print = asked.account.fingerprint();
    let user = match users.entry((&asked.tenant, asked.account.user_principal_name.as_str())) {
        Entry::Occupied(entry) => entry.into_mut(),
        Entry::Vacant(entry) => entry.insert(KnownUser {
            id: staged.user,
            print: account_print,
            settled: false,
            written_by: Some(place),
        }),
    };
    if let Some(stored) = requests.get(&(user.id, asked.environment.as_str())) {
        if stored.in_progress {
            report.faults.push(StageFault::InProgress { line });
        } else if stored.print == print {
            report.existing += 1;
            report.batches.extend(stored.batch);
        } else {
            report.faults.push(StageFault::Different { line, stored: stored.id });
        }
        return None;
    }
    if user.settled && user.print != account_print {
        report.faults.push(StageFault::SiblingDiffers { line, stored: user.id });
        return None;
    }
    if !user.settled {
        user.print = account_print;
        user.written_by = Some(place);
    }
    user.settled = true;
    let known = KnownRequest { id: staged.id, print, in_progress: false, batch: None };
    requests.insert((user.id, &asked.environment), known);
    report.added += 1;
    Some(user.id)
}

fn push_user(rows: &mut JsonRows, staged: &StagedRequest, user: &KnownUser) {
    let account = &staged.asked.account;
    rows.row()
        .id(user.id.0)
        .text(&staged.asked.tenant)
        .id(staged.asked.pinned.tenant_id)
        .text(account.user_principal_name.as_str())
        .text(&account.display_name)
        .text(&account.given_name)
        .text(&account.surname)
        .text(&account.usage_location)
        .id(account.license.0)
        .bytes(&user.print);
}

fn push_request(rows: &mut JsonRows, staged: &StagedRequest, user: UserId, print: &[u8; 32]) {
    let asked = &staged.asked;
    // A list of texts always has a JSON form.
    let roles = serde_json::to_string(&asked.membership.security_roles).unwrap_or_default();
    rows.row()
        .id(staged.id.0)
        .id(user.0)
        .text(&asked.tenant)
        .text(&asked.environment)
        .id(asked.pinned.tenant_id)
        .id(asked.pinned.environment_id)
        .text(&asked.pinned.dataverse_origin)
        .id(asked.account.license.0)
        .maybe_text(asked.membership.business_unit.as_deref())
        .text(&roles)
        .text(asked.membership.on_existing.as_str())
        .int(i64::from(asked.priority))
        .maybe_text(asked.external_id.as_deref())
        .maybe_text(asked.note.as_deref())
        .bytes(print);
}

fn print_of(bytes: &[u8]) -> Result<[u8; 32], StoreError> {
    bytes.try_into().map_err(|_| corrupt("a stored fingerprint", "it has not 32 bytes"))
}
