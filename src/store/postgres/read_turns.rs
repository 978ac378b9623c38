//! Reading the lines for a seat: who is next.

use super::readers::Readers;
use crate::domain::{Line, Waiter, in_turn};
use crate::store::sql::cells::Cells;
use crate::store::sql::readings;
use crate::store::{PoolKey, SeatLine, StoreError};
use uuid::Uuid;

/// The lines whose turns are next. Of the first `n` lines come the next `n` turns, for a pass only grows.
pub(super) const LINES: &str = "
    SELECT priority, batch, pass FROM turns
    WHERE tenant = $1 AND license = $2 AND waiting > 0 ORDER BY priority DESC, pass, batch LIMIT $3";

/// The first users of each line, each by its eldest request in it. The CASE keeps the planner from looking for a user's
/// requests among all that wait: right after a batch has come to wait, its statistics still say that nobody does.
pub(super) const IN_LINE: &str = "
    SELECT r.id, r.person, r.priority, r.batch
    FROM unnest($3::bigint[], $4::uuid[]) AS wanted (priority, batch)
    CROSS JOIN LATERAL (
        SELECT x.id, x.user AS person, x.priority, x.batch FROM requests AS x JOIN users AS u ON u.id = x.user
        WHERE x.tenant = $1 AND x.license = $2 AND x.priority = wanted.priority
          AND x.batch = wanted.batch AND x.waiting AND NOT x.paused AND u.seat = 'none'
          AND NOT EXISTS (SELECT 1 FROM requests AS s
                          WHERE s.user = x.user AND s.status IN ('active', 'blocked', 'succeeded')
                            AND CASE WHEN s.waiting AND NOT s.paused
                                THEN s.batch = x.batch AND s.priority = x.priority AND s.id < x.id ELSE FALSE END)
        ORDER BY x.id LIMIT $5) AS r
    ORDER BY r.id";

/// Those that have waited longest.
pub(super) const ELDEST: &str = "
    SELECT r.id, r.user, r.priority, r.batch
    FROM requests AS r JOIN users AS u ON u.id = r.user
    WHERE r.tenant = $1 AND r.license = $2 AND r.waiting AND NOT r.paused AND u.seat = 'none'
    ORDER BY r.id LIMIT $3";

pub(super) const PASSED_OVER: &str = "
    SELECT passed_over FROM pools WHERE kind = 'seat' AND tenant = $1 AND subject = $2";

pub(super) const SEATS: &str = "
    SELECT seat, seat_at FROM users
    WHERE tenant = $1 AND seat_license = $2 AND seat <> 'none' ORDER BY seat_at LIMIT $3";

/// The next `count` users of a seat pool, in the order of their turns.
pub(super) async fn next_in_turn(
    readers: &Readers,
    tenant: &str,
    license: Uuid,
    count: usize,
) -> Result<Vec<Waiter>, StoreError> {
    let pool = || sqlx::query(PASSED_OVER).bind(tenant).bind(license.to_string());
    let passed_over = match readers.row(pool).await? {
        Some(row) => Cells::of(&row).count()?,
        None => 0,
    };
    // Requests of one user in several lines can leave fewer users than lines; then a longer reach finds the rest.
    let mut reach = count;
    loop {
        let lines = lines(readers, tenant, license, reach).await?;
        let waiters = waiters(readers, tenant, license, &lines, reach).await?;
        let eldest = || sqlx::query(ELDEST).bind(tenant).bind(license).bind(rows(reach));
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
    let query = || sqlx::query(LINES).bind(tenant).bind(license).bind(rows(lines_max));
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
    let priorities: Vec<i64> = lines.iter().map(|line| line.priority.into()).collect();
    let batches: Vec<Uuid> = lines.iter().map(|line| line.batch.0).collect();
    let query = || {
        let query = sqlx::query(IN_LINE).bind(tenant).bind(license).bind(&priorities);
        query.bind(&batches).bind(rows(of_each_max))
    };
    readings::waiters(&readers.rows(query).await?)
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
    let query = || sqlx::query(SEATS).bind(tenant.as_str()).bind(sku.0).bind(i64::from(users_max));
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
