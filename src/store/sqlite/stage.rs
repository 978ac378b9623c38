//! Staging: a chunk of a batch is compared with what is stored, and stored unseen.

use super::cells::micros;
use super::pen::Pen;
use super::writer::{Applied, Verb};
use crate::domain::{BatchId, Instant};
use crate::store::sql::staging::{Staged, Staging};
use crate::store::{StageReport, StagedRequest, StoreError};

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

impl Stage {
    async fn store(&self, pen: &mut Pen) -> Result<StageReport, StoreError> {
        if pen.row(sqlx::query(IS_OPEN).bind(self.batch.0)).await?.is_none() {
            return Err(StoreError::Failed(format!("batch {} is not open", self.batch)));
        }
        let mut staging = Staging::of(&self.chunk);
        let stored = sqlx::query(STORED).bind(staging.asked().into_json()).bind(self.batch.0);
        for row in pen.rows(stored).await? {
            staging.know(&row)?;
        }
        let Staged { report, users, requests } = staging.weigh();
        if !users.is_empty() {
            pen.run(sqlx::query(ADD_USERS).bind(users.into_json())).await?;
        }
        if !requests.is_empty() {
            let query = sqlx::query(ADD_REQUESTS).bind(requests.into_json());
            pen.run(query.bind(self.batch.0).bind(micros(self.now))).await?;
        }
        let faulty = i64::from(!report.faults.is_empty());
        let count = i64::try_from(report.added).unwrap_or(i64::MAX);
        pen.run(sqlx::query(COUNT).bind(self.batch.0).bind(count).bind(faulty)).await?;
        Ok(report)
    }
}
