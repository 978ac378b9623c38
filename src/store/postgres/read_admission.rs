//! Reading pools, and whom admission could serve.

use super::member::{self, select_members};
use super::read_turns::next_in_turn;
use super::read_work::WHENEVER;
use super::readers::Readers;
use crate::domain::{Instant, ObjectId, RequestId, SkuId, Waiter};
use crate::store::sql::cells::{Cells, micros};
use crate::store::sql::readings;
use crate::store::sql::words::{pool_columns, pool_key_of};
use crate::store::{Member, Pool, PoolKey, StoreError};
use std::collections::HashSet;
use uuid::Uuid;

/// Users that need no further seat: they hold one, or theirs still rests. One whose requests are all paused would only
/// take the place of others.
pub(super) const SEATED: &str = "
    SELECT id FROM users
    WHERE seat <> 'none' AND waiting > 0
      AND EXISTS (SELECT 1 FROM requests AS s
                  WHERE s.user = users.id AND s.status IN ('active', 'blocked', 'succeeded')
                    AND CASE WHEN s.waiting THEN NOT s.paused ELSE FALSE END)
    ORDER BY id LIMIT $1";

pub(super) const WANTED_POOLS: &str = "
    SELECT tenant, subject, capacity - others - held FROM pools
    WHERE kind = 'seat' AND waiting > 0 AND capacity - others - held > 0 ORDER BY tenant, subject";

pub(super) const WAITING_OF_USERS: &str = select_members!(
    "FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN requests AS r ON r.user = wanted.id
        JOIN users AS u ON u.id = r.user
     WHERE r.status IN ('active', 'blocked', 'succeeded') AND r.waiting AND NOT r.paused
     ORDER BY wanted.place, r.id"
);

pub(super) const NEXT_REST_END: &str = "
    SELECT seat_at FROM users WHERE seat = 'resting' ORDER BY seat_at LIMIT 1";

pub(super) const POOL: &str = "
    SELECT kind, tenant, subject, capacity, others, held, waiting, read_at FROM pools
    WHERE kind = $1 AND tenant = $2 AND subject = $3";

pub(super) const POOLS: &str = "
    SELECT kind, tenant, subject, capacity, others, held, waiting, read_at FROM pools ORDER BY kind, tenant, subject";

pub(super) const POOLS_TO_READ: &str = "
    SELECT kind, tenant, subject, capacity, others, held, waiting, read_at FROM pools
    WHERE kind = 'seat' AND waiting > 0 AND (read_at IS NULL OR read_at < $1) ORDER BY tenant, subject";

pub(super) const CONFIRMED_HOLDERS: &str = "
    SELECT count(*) FROM users
    WHERE tenant = $1 AND license = $2 AND license_hold = 'held' AND license_since < $3";

pub(super) const SLOT_HOLDERS: &str = "
    SELECT DISTINCT u.object_id
    FROM requests AS r JOIN users AS u ON u.id = r.user
    WHERE r.tenant = $1 AND r.environment = $2 AND r.slot_held AND u.object_id IS NOT NULL
    ORDER BY u.object_id";

pub(super) async fn candidates(readers: &Readers, users_max: u32) -> Result<Vec<Member>, StoreError> {
    let mut users: Vec<Uuid> = Vec::new();
    for row in readers.rows(|| sqlx::query(SEATED).bind(i64::from(users_max))).await? {
        users.push(Cells::of(&row).id()?);
    }
    let room = (users_max as usize).saturating_sub(users.len());
    let next = next_users(readers, room).await?;
    users.extend(next.iter().map(|waiter| waiter.user.0));
    if users.is_empty() {
        return Ok(Vec::new());
    }
    let query = || sqlx::query(WAITING_OF_USERS).bind(WHENEVER).bind(&users);
    let members: Result<Vec<Member>, StoreError> =
        readers.rows(query).await?.iter().map(member::read).collect();
    let mut members = members?;
    // The seat is taken by a user's first request, and its batch pays for the turn.
    let leads: HashSet<RequestId> = next.iter().map(|waiter| waiter.request).collect();
    for household in members.chunk_by_mut(|one, other| one.user.id == other.user.id) {
        household.sort_by_key(|member| !leads.contains(&member.request.id));
    }
    Ok(members)
}

/// As many users without a seat as there is room for: each pool's in the order of their turns, the pools by turns.
async fn next_users(readers: &Readers, room: usize) -> Result<Vec<Waiter>, StoreError> {
    if room == 0 {
        return Ok(Vec::new());
    }
    let mut next: Vec<(usize, Waiter)> = Vec::new();
    for row in readers.rows(|| sqlx::query(WANTED_POOLS)).await? {
        let mut cells = Cells::of(&row);
        let key = pool_key_of("seat", cells.text()?, cells.text()?)?;
        let free = usize::try_from(cells.int()?).unwrap_or(0).min(room);
        let PoolKey::Seat { tenant, sku } = key else { continue };
        let turns = next_in_turn(readers, &tenant, sku.0, free).await?;
        next.extend(turns.into_iter().enumerate());
    }
    next.sort_by_key(|(turn, _)| *turn);
    Ok(next.into_iter().take(room).map(|(_, waiter)| waiter).collect())
}

pub(super) async fn next_rest_end(readers: &Readers) -> Result<Option<Instant>, StoreError> {
    match readers.row(|| sqlx::query(NEXT_REST_END)).await? {
        Some(row) => Cells::of(&row).maybe_instant(),
        None => Ok(None),
    }
}

pub(super) async fn pool(readers: &Readers, key: &PoolKey) -> Result<Option<Pool>, StoreError> {
    let (kind, tenant, subject) = pool_columns(key);
    let query = || sqlx::query(POOL).bind(kind).bind(tenant).bind(subject.as_str());
    readers.row(query).await?.as_ref().map(readings::pool).transpose()
}

pub(super) async fn pools(readers: &Readers) -> Result<Vec<Pool>, StoreError> {
    readers.rows(|| sqlx::query(POOLS)).await?.iter().map(readings::pool).collect()
}

pub(super) async fn pools_to_read(readers: &Readers, read_before: Instant) -> Result<Vec<Pool>, StoreError> {
    let query = || sqlx::query(POOLS_TO_READ).bind(micros(read_before));
    readers.rows(query).await?.iter().map(readings::pool).collect()
}

/// Slots are not licenses: nobody is confirmed to hold the license of a pool of slots.
pub(super) async fn confirmed_holders(
    readers: &Readers,
    key: &PoolKey,
    confirmed_before: Instant,
) -> Result<u32, StoreError> {
    let PoolKey::Seat { tenant, sku: SkuId(sku) } = key else { return Ok(0) };
    let query =
        || sqlx::query(CONFIRMED_HOLDERS).bind(tenant.as_str()).bind(*sku).bind(micros(confirmed_before));
    match readers.row(query).await? {
        Some(row) => Cells::of(&row).count(),
        None => Ok(0),
    }
}

pub(super) async fn slot_holders(
    readers: &Readers,
    tenant: &str,
    environment: &str,
) -> Result<Vec<ObjectId>, StoreError> {
    let rows = readers.rows(|| sqlx::query(SLOT_HOLDERS).bind(tenant).bind(environment)).await?;
    rows.iter().map(|row| Cells::of(row).id().map(ObjectId)).collect()
}
