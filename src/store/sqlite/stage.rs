//! Staging: a chunk of a batch is compared with what is stored, and stored unseen.

use super::cells::{Cells, micros};
use super::json_rows::JsonRows;
use super::pen::Pen;
use super::verdict::corrupt;
use super::writer::{Applied, Verb};
use crate::domain::{BatchId, Instant, RequestId, UserId};
use crate::store::{StageFault, StageReport, StagedRequest, StoreError};
use std::collections::HashMap;
use std::collections::hash_map::Entry;

pub(super) const IS_OPEN: &str = "SELECT 1 FROM batches WHERE id = ?1 AND accepted_at IS NULL";

/// What is stored of the users and requests of a chunk; nothing for a user that is new.
pub(super) const STORED: &str = "
    WITH asked AS MATERIALIZED (SELECT key AS place, value AS v FROM json_each(?1))
    SELECT asked.place, u.id, u.print, r.id, r.print, r.staged = 1 AND r.batch <> ?2 AND b.accepted_at IS NULL,
           EXISTS (SELECT 1 FROM requests AS s INDEXED BY requests_live
                   WHERE s.user = u.id AND s.status IN ('active', 'blocked', 'succeeded')),
           r.batch
    FROM asked
    CROSS JOIN users AS u INDEXED BY users_by_name ON u.tenant = v ->> 0 AND u.user_principal_name = v ->> 1
    LEFT JOIN requests AS r INDEXED BY requests_live
        ON r.user = u.id AND r.environment = v ->> 2 AND r.status IN ('active', 'blocked', 'succeeded')
    LEFT JOIN batches AS b ON b.id = r.batch";

/// Adds users; one that is stored already gets the names and license of its next request, and is found anew by its name:
/// the way back of its earlier requests may have deleted it.
pub(super) const ADD_USERS: &str = "
    WITH added AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    INSERT INTO users (id, tenant, tenant_id, user_principal_name, display_name, given_name, surname, usage_location,
                       license, print)
    SELECT unhex(v ->> 0), v ->> 1, unhex(v ->> 2), v ->> 3, v ->> 4, v ->> 5, v ->> 6, v ->> 7, unhex(v ->> 8),
           unhex(v ->> 9)
    FROM added WHERE true
    ON CONFLICT (tenant, user_principal_name) DO UPDATE
    SET tenant_id = excluded.tenant_id, display_name = excluded.display_name, given_name = excluded.given_name,
        surname = excluded.surname, usage_location = excluded.usage_location, license = excluded.license,
        print = excluded.print, object_id = NULL, origin = NULL";

/// In a database that was ever put back, a new request may repeat one that is lost, so it is looked up first.
pub(super) const ADD_REQUESTS: &str = "
    WITH added AS MATERIALIZED (SELECT value AS v FROM json_each(?1))
    INSERT INTO requests (batch, submitted_at, entered_at, updated_at, id, user, tenant, environment, tenant_id,
        environment_id, dataverse_origin, license, business_unit, security_roles, on_existing, priority, external_id,
        note, print, staged, state, status, direction, paused, waiting, look_first)
    SELECT ?2, ?3, ?3, ?3, unhex(v ->> 0), unhex(v ->> 1), v ->> 2, v ->> 3, unhex(v ->> 4), unhex(v ->> 5), v ->> 6,
        unhex(v ->> 7), v ->> 8, v ->> 9, v ->> 10, v ->> 11, v ->> 12, v ->> 13, unhex(v ->> 14),
        1, 'requested', 'active', 'forward', 0, 0, (SELECT standing_since IS NOT NULL FROM meta)
    FROM added";

pub(super) const COUNT: &str = "
    UPDATE batches SET requests = requests + ?2, faulty = max(faulty, ?3) WHERE id = ?1";

/// Stores a chunk of an open batch.
pub(super) struct Stage {
    pub(super) batch: BatchId,
    pub(super) chunk: Vec<StagedRequest>,
    pub(super) now: Instant,
}

impl Verb for Stage {
    type Answer = StageReport;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, StageReport> {
        Box::pin(self.store(pen))
    }

    fn weight(&self) -> usize {
        self.chunk.len()
    }
}

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

impl Stage {
    async fn store(&self, pen: &mut Pen) -> Result<StageReport, StoreError> {
        if pen.row(sqlx::query(IS_OPEN).bind(self.batch.0)).await?.is_none() {
            return Err(StoreError::Failed(format!("batch {} is not open", self.batch)));
        }
        let mut users = HashMap::with_capacity(self.chunk.len());
        let mut requests = HashMap::with_capacity(self.chunk.len());
        self.read_stored(pen, &mut users, &mut requests).await?;
        let mut report = StageReport::default();
        let mut added = JsonRows::new();
        for (place, staged) in self.chunk.iter().enumerate() {
            let print = staged.asked.fingerprint();
            if let Some(user) = admit(place, staged, print, &mut users, &mut requests, &mut report) {
                push_request(&mut added, staged, user, &print);
            }
        }
        self.write(pen, users, added, &report).await?;
        Ok(report)
    }

    /// Reads the stored users and requests that the chunk names again.
    async fn read_stored<'a>(
        &'a self,
        pen: &mut Pen,
        users: &mut HashMap<(&'a str, &'a str), KnownUser>,
        requests: &mut HashMap<(UserId, &'a str), KnownRequest>,
    ) -> Result<(), StoreError> {
        let mut asked = JsonRows::new();
        for StagedRequest { asked: request, .. } in &self.chunk {
            let name = request.account.user_principal_name.as_str();
            asked.row().text(&request.tenant).text(name).text(&request.environment);
        }
        for row in pen.rows(sqlx::query(STORED).bind(asked.into_json()).bind(self.batch.0)).await? {
            let mut cells = Cells::of(&row);
            let place = cells.int()?;
            let Some(staged) = usize::try_from(place).ok().and_then(|place| self.chunk.get(place)) else {
                return Err(corrupt("the stored users", "a row belongs to nothing that was asked"));
            };
            let user = UserId(cells.id()?);
            let user_print = print_of(cells.take()?)?;
            let request = cells.maybe_id()?.map(RequestId);
            let request_print: Option<&[u8]> = cells.take()?;
            let in_progress = cells.take::<Option<i64>>()?.is_some_and(|flag| flag != 0);
            let settled = cells.flag()?;
            let batch = cells.maybe_id()?.map(BatchId);
            let known = KnownUser { id: user, print: user_print, settled, written_by: None };
            users.insert((&staged.asked.tenant, staged.asked.account.user_principal_name.as_str()), known);
            if let (Some(id), Some(print)) = (request, request_print) {
                let known = KnownRequest { id, print: print_of(print)?, in_progress, batch };
                requests.insert((user, staged.asked.environment.as_str()), known);
            }
        }
        Ok(())
    }

    async fn write(
        &self,
        pen: &mut Pen,
        users: HashMap<(&str, &str), KnownUser>,
        added: JsonRows,
        report: &StageReport,
    ) -> Result<(), StoreError> {
        let mut written: Vec<(usize, KnownUser)> =
            users.into_values().filter_map(|user| user.written_by.map(|place| (place, user))).collect();
        written.sort_by_key(|(place, _)| *place);
        let mut new_users = JsonRows::new();
        for (place, user) in &written {
            push_user(&mut new_users, &self.chunk[*place], user);
        }
        if !new_users.is_empty() {
            pen.run(sqlx::query(ADD_USERS).bind(new_users.into_json())).await?;
        }
        if !added.is_empty() {
            let query = sqlx::query(ADD_REQUESTS).bind(added.into_json());
            pen.run(query.bind(self.batch.0).bind(micros(self.now))).await?;
        }
        let faulty = i64::from(!report.faults.is_empty());
        let count = i64::try_from(report.added).unwrap_or(i64::MAX);
        pen.run(sqlx::query(COUNT).bind(self.batch.0).bind(count).bind(faulty)).await.map(drop)
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
