//! Reading the lines for a seat: who is next.

use super::cells::Cells;
use super::json_rows::JsonRows;
use super::readers::Readers;
use crate::domain::{Line, Waiter, in_turn};
use crate::store::sql::readings;
use crate::store::{PoolKey, SeatLine, StoreError};
use uuid::Uuid;

/// The lines whose turns are next. Of the first `n` lines come the next `n` turns, for a pass only grows.
pub(super) const LINES: &str = "
    SELECT priority, batch, pass FROM turns INDEXED BY turns_next
    WHERE tenant = ?1 AND license = ?2 AND waiting > 0 ORDER BY priority DESC, pass, batch LIMIT ?3";

/// The first users of each line, each by its eldest request in it.
pub(super) const IN_LINE: &str = "
    WITH wanted AS MATERIALIZED (SELECT value ->> 0 AS priority, unhex(value ->> 1) AS batch FROM json_each(?3))
    SELECT r.id, r.user, r.priority, r.batch FROM wanted CROSS JOIN requests AS r
    WHERE r.rowid IN (SELECT x.rowid FROM requests AS x INDEXED BY requests_in_line CROSS JOIN users AS u ON u.id = x.user
                      WHERE x.tenant = ?1 AND x.license = ?2 AND x.priority = wanted.priority
                        AND x.batch = wanted.batch AND x.waiting = 1 AND x.paused = 0 AND u.seat = 'none'
                        AND NOT EXISTS (SELECT 1 FROM requests AS s INDEXED BY requests_live
                                        WHERE s.user = x.user AND s.status IN ('active', 'blocked', 'succeeded')
                                          AND s.waiting = 1 AND s.paused = 0 AND s.batch = x.batch
                                          AND s.priority = x.priority AND s.id < x.id)
                      ORDER BY x.id LIMIT ?4)
    ORDER BY r.id";

/// Those that have waited longest.
pub(super) const ELDEST: &str = "
    SELECT r.id, r.user, r.priority, r.batch
    FROM requests AS r INDEXED BY requests_longest_waiting CROSS JOIN users AS u ON u.id = r.user
    WHERE r.tenant = ?1 AND r.license = ?2 AND r.waiting = 1 AND r.paused = 0 AND u.seat = 'none'
    ORDER BY r.id LIMIT ?3";

pub(super) const PASSED_OVER: &str = "
    SELECT passed_over FROM pools WHERE kind = 'seat' AND tenant = ?1 AND subject = ?2";

pub(super) const SEATS: &str = "
    SELECT seat, seat_at FROM users INDEXED BY users_seated
    WHERE tenant = ?1 AND seat_license = ?2 AND seat <> 'none' ORDER BY seat_at LIMIT ?3";

/// The next `count` users of a seat pool, in the order of their turns.
pub(super) async fn next_in_turn(
    readers: &Readers,
    tenant: &str,
    license: Uuid,
    count: usize,
) -> Result<Vec<Waiter>, StoreError> {
    let pool = sqlx::query(PASSED_OVER).bind(tenant).bind(license.to_string());
    let passed_over = match readers.row(pool).await? {
        Some(row) => Cells::of(&row).count()?,
        None => 0,
    };
    // Requests of one user in several lines can leave fewer users than lines; then a longer reach finds the rest.
    let mut reach = count;
    loop {
        let lines = lines(readers, tenant, license, reach).await?;
        let waiters = waiters(readers, tenant, license, &lines, reach).await?;
        let eldest = sqlx::query(ELDEST).bind(tenant).bind(license).bind(rows(reach));
        let eldest = readings::waiters(&readers.rows(eldest).await?)?;
        let turns = in_turn(&lines, &waiters, &eldest, passed_over, count);
        let is_all = lines.len() < reach && waiters.len() < reach;
        if turns.len() >= count || is_all {
            return Ok(turns);
        }
        reach = reach.saturating_mul(2);
    }
}

async fn lines(
    readers: &Readers,
    tenant: &str,
    license: Uuid,
    lines_max: usize,
) -> Result<Vec<Line>, StoreError> {
    let query = sqlx::query(LINES).bind(tenant).bind(license).bind(rows(lines_max));
    readers.rows(query).await?.iter().map(readings::line).collect()
}

async fn waiters(
    readers: &Readers,
    tenant: &str,
    license: Uuid,
    lines: &[Line],
    of_each_max: usize,
) -> Result<Vec<Waiter>, StoreError> {
    if lines.is_empty() {
        return Ok(Vec::new());
    }
    let mut wanted = JsonRows::new();
    for line in lines {
        wanted.row().int(line.priority.into()).id(line.batch.0);
    }
    let query = sqlx::query(IN_LINE).bind(tenant).bind(license).bind(wanted.into_json());
    readings::waiters(&readers.rows(query.bind(rows(of_each_max))).await?)
}

fn rows(count: usize) -> i64 {
    i64::try_from(count).unwrap_or(i64::MAX)
}

/// Everybody who waits for a seat of a pool, in turn, and the seats that are out.
pub(super) async fn seat_line(
    readers: &Readers,
    key: &PoolKey,
    users_max: u32,
) -> Result<SeatLine, StoreError> {
    let PoolKey::Seat { tenant, sku } = key else { return Ok(SeatLine::default()) };
    let turns = next_in_turn(readers, tenant, sku.0, users_max as usize).await?;
    let query = sqlx::query(SEATS).bind(tenant.as_str()).bind(sku.0).bind(users_max);
    let mut line = SeatLine {
        users: turns.into_iter().map(|waiter| waiter.user).collect(),
        held_since: Vec::new(),
        resting_until: Vec::new(),
    };
    for row in readers.rows(query).await? {
        readings::seat(&row, &mut line)?;
    }
    Ok(line)
}
