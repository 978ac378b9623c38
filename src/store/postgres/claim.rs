//! Claiming: the due lanes, in fair order, each with its due requests.

use super::lanes;
use super::locks::{self, Queue};
use super::member::{self, select_members};
use super::pen::Pen;
use super::transact::{Applied, Verb};
use super::verdict::corrupt;
use super::workers;
use crate::domain::{Scope, Step};
use crate::store::sql::cells::{Cells, micros};
use crate::store::sql::tenant_shares::TenantShares;
use crate::store::{Claim, Group, LaneId, StoreError};
use chrono::TimeDelta;
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// The tenants with lanes that wait for anything, from one to the next along the index; what each has had.
pub(super) const DUE_TENANTS: &str = "
    WITH RECURSIVE named (tenant) AS (
        (SELECT tenant FROM lanes WHERE wake_at IS NOT NULL ORDER BY tenant LIMIT 1)
        UNION ALL
        SELECT (SELECT l.tenant FROM lanes AS l
                WHERE l.wake_at IS NOT NULL AND l.tenant > named.tenant ORDER BY l.tenant LIMIT 1)
        FROM named WHERE named.tenant IS NOT NULL)
    SELECT named.tenant, coalesce(t.pass, 0) FROM named LEFT JOIN tenant_turns AS t ON t.tenant = named.tenant
    WHERE named.tenant IS NOT NULL ORDER BY named.tenant";

/// The first due lanes of each tenant, those served longest ago first. A lane that a commit is just writing is passed over.
pub(super) const DUE_LANES: &str = "
    SELECT l.id, l.step, l.tenant, l.environment, l.trouble
    FROM unnest($3::text[]) AS wanted (tenant)
    CROSS JOIN LATERAL (
        SELECT x.id, x.step, x.tenant, x.environment, x.trouble, x.served_at FROM lanes AS x
        WHERE x.tenant = wanted.tenant AND x.wake_at <= $1
        ORDER BY x.served_at, x.id LIMIT $2 FOR NO KEY UPDATE SKIP LOCKED) AS l
    ORDER BY l.served_at, l.id";

pub(super) const CHARGE_TENANTS: &str = "
    INSERT INTO tenant_turns (tenant, pass)
    SELECT tenant, pass FROM unnest($1::text[], $2::bigint[]) AS charged (tenant, pass)
    ON CONFLICT (tenant) DO UPDATE SET pass = excluded.pass";

/// How long a request waits whose user is in other hands.
const YIELD: TimeDelta = TimeDelta::seconds(1);

/// The first due requests of each lane, and whether something is being done to the user of one in the directory already:
/// that is known for certain, since no other claim runs, and only a claim takes anything into hands. A lane's own bound is
/// applied afterwards: LIMIT takes no column. The CASE keeps the planner from looking for a user's requests among all that
/// are claimed: its statistics may be of a time when none was.
pub(super) const DUE_REQUESTS: &str = "
    SELECT r.lane, r.id, r.person,
        EXISTS (SELECT 1 FROM requests AS s
                WHERE s.user = r.person AND s.status IN ('active', 'blocked', 'succeeded') AND s.id <> r.id
                  AND CASE WHEN s.holder IS NOT NULL
                      THEN s.step IN ('create_user', 'assign_license', 'remove_license', 'delete_user', 'disable_user')
                      ELSE FALSE END)
    FROM unnest($1::bigint[], $2::bigint[]) AS wanted (lane, until)
    CROSS JOIN LATERAL (
        SELECT x.lane, x.id, x.user AS person, x.due_at FROM requests AS x
        WHERE x.lane = wanted.lane AND x.due_at IS NOT NULL AND x.due_at <= wanted.until
          AND x.holder IS NULL AND NOT x.paused
        ORDER BY x.due_at, x.id LIMIT $3 FOR NO KEY UPDATE SKIP LOCKED) AS r
    ORDER BY r.due_at, r.id";

/// The other claimable requests of users at the same tenant-wide step.
pub(super) const SIBLINGS: &str = "
    SELECT wanted.lane, r.id
    FROM unnest($1::bigint[], $2::uuid[]) AS wanted (lane, person) JOIN requests AS r
        ON r.user = wanted.person AND r.status IN ('active', 'blocked', 'succeeded') AND r.lane = wanted.lane
    WHERE r.due_at IS NOT NULL AND r.holder IS NULL AND NOT r.paused
    ORDER BY r.id FOR NO KEY UPDATE OF r SKIP LOCKED";

pub(super) const MAKE_WAIT: &str = "UPDATE requests SET due_at = $1 WHERE id = ANY($2) AND holder IS NULL";

pub(super) const TAKE: &str = "
    UPDATE requests SET holder = $1, epoch = epoch + 1, claims = claims + 1
    WHERE id = ANY($2) AND holder IS NULL AND NOT paused AND due_at IS NOT NULL";

pub(super) const MEMBERS: &str = select_members!(
    "FROM unnest($2::uuid[]) WITH ORDINALITY AS wanted (id, place) JOIN requests AS r ON r.id = wanted.id
        JOIN users AS u ON u.id = r.user
     ORDER BY wanted.place"
);

pub(super) const TAKE_LANES: &str = "
    UPDATE lanes SET claimed_by = $1, served_at = $2 WHERE id = ANY($3) AND claimed_by IS NULL";

impl Verb for Claim {
    type Answer = Vec<Group>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Vec<Group>> {
        Box::pin(claim(self, pen))
    }
}

/// A lane whose turn it is, with the requests it gets.
struct Turn {
    group: Group,
    requests: Vec<Uuid>,
    members_max: usize,
}

async fn claim(order: &Claim, pen: &mut Pen) -> Result<Vec<Group>, StoreError> {
    locks::queue(pen, Queue::Claims).await?;
    // Whoever is late with its heartbeat could begin nothing of what it gets.
    if workers::may_not_begin(pen, order.holder).await? {
        return Ok(Vec::new());
    }
    let (mut turns, charged) = due_lanes(order, pen).await?;
    if turns.is_empty() {
        return Ok(Vec::new());
    }
    fill(order, pen, &mut turns).await?;
    let lanes: BTreeSet<i64> = turns.iter().map(|turn| turn.group.lane.0).collect();
    turns.retain(|turn| !turn.requests.is_empty());
    let holder = order.holder.0;
    let requests: Vec<Uuid> = turns.iter().flat_map(|turn| turn.requests.iter().copied()).collect();
    let taken = pen.run(sqlx::query(TAKE).bind(holder).bind(&requests)).await?;
    if taken != requests.len() as u64 {
        return Err(StoreError::Failed(format!("{taken} of {} requests could be claimed", requests.len())));
    }
    let claimed: Vec<i64> = turns.iter().map(|turn| turn.group.lane.0).collect();
    pen.run(sqlx::query(TAKE_LANES).bind(holder).bind(micros(order.now)).bind(&claimed)).await?;
    let (tenants, passes): (Vec<String>, Vec<i64>) = charged.into_iter().unzip();
    pen.run(sqlx::query(CHARGE_TENANTS).bind(&tenants).bind(&passes)).await?;
    lanes::refresh_locked(pen, &lanes).await?;
    let members = sqlx::query(MEMBERS).bind(micros(order.now)).bind(&requests);
    let mut members = pen.rows(members).await?.into_iter();
    for turn in &mut turns {
        for row in members.by_ref().take(turn.requests.len()) {
            turn.group.members.push(member::read(&row)?);
        }
        if turn.group.members.len() != turn.requests.len() {
            return Err(corrupt(format!("lane {}", turn.group.lane.0), "a claimed request has no user"));
        }
    }
    Ok(turns.into_iter().map(|turn| turn.group).collect())
}

/// The due lanes whose turn it is, and what their tenants have had after it.
async fn due_lanes(order: &Claim, pen: &mut Pen) -> Result<(Vec<Turn>, Vec<(String, i64)>), StoreError> {
    let mut shares = TenantShares::default();
    for row in pen.rows(sqlx::query(DUE_TENANTS)).await? {
        let mut cells = Cells::of(&row);
        shares.know(cells.take()?, cells.int()?);
    }
    if shares.is_empty() {
        return Ok((Vec::new(), Vec::new()));
    }
    let mut turns = Vec::new();
    let names: Vec<String> = shares.names().cloned().collect();
    let due = sqlx::query(DUE_LANES).bind(micros(order.now)).bind(i64::from(order.lanes_max)).bind(&names);
    for row in pen.rows(due).await? {
        let mut cells = Cells::of(&row);
        let group = Group {
            lane: LaneId(cells.int()?),
            step: cells.word(Step::parse)?,
            tenant: cells.take()?,
            environment: cells.take()?,
            trouble: cells.count()?,
            members: Vec::new(),
        };
        let members_max = order.members_max_of(group.trouble);
        turns.push(Turn { group, requests: Vec::new(), members_max });
    }
    let granted = shares.grant(turns.iter().map(|turn| turn.group.tenant.as_str()), order);
    let mut left = granted.turns;
    turns.retain(|turn| match left.get_mut(&turn.group.tenant) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        Some(_) | None => false,
    });
    Ok((turns, granted.passes))
}

/// Chooses the requests of each lane.
async fn fill(order: &Claim, pen: &mut Pen, turns: &mut [Turn]) -> Result<(), StoreError> {
    let places: HashMap<i64, usize> =
        turns.iter().enumerate().map(|(place, turn)| (turn.group.lane.0, place)).collect();
    let lanes: Vec<i64> = turns.iter().map(|turn| turn.group.lane.0).collect();
    // One question to an environment serves everybody who waits there, so nobody waits for a turn of their own.
    let until = |turn: &Turn| match turn.group.step {
        Step::AwaitPropagation => i64::MAX,
        _ => micros(order.now),
    };
    let untils: Vec<i64> = turns.iter().map(until).collect();
    let due = sqlx::query(DUE_REQUESTS).bind(&lanes).bind(&untils).bind(i64::from(order.members_max.max(1)));
    let (mut lanes_of_users, mut users_in_turn) = (Vec::new(), Vec::new());
    let mut users: HashMap<Uuid, i64> = HashMap::new();
    let mut waiting = Vec::new();
    for row in pen.rows(due).await? {
        let mut cells = Cells::of(&row);
        let (lane, request, user) = (cells.int()?, cells.id()?, cells.id()?);
        let in_other_hands = cells.flag()?;
        let Some(turn) = places.get(&lane).and_then(|place| turns.get_mut(*place)) else { continue };
        if turn.requests.len() >= turn.members_max {
            continue;
        }
        if turn.group.step.scope() == Scope::Tenant {
            // What one does to the user would take the ground from under the other: a license that is just being assigned
            // is none that a sibling on its way back may take for nobody's.
            let taken_before = users.get(&user).copied();
            if in_other_hands || taken_before.is_some_and(|taken_to| taken_to != lane) {
                waiting.push(request);
                continue;
            }
            if taken_before.is_none() {
                users.insert(user, lane);
                lanes_of_users.push(lane);
                users_in_turn.push(user);
            }
        }
        turn.requests.push(request);
    }
    if !waiting.is_empty() {
        let until = micros(order.now + YIELD);
        pen.run(sqlx::query(MAKE_WAIT).bind(until).bind(&waiting)).await?;
    }
    if users_in_turn.is_empty() {
        return Ok(());
    }
    let mut chosen: HashSet<Uuid> = turns.iter().flat_map(|turn| turn.requests.iter().copied()).collect();
    for row in pen.rows(sqlx::query(SIBLINGS).bind(&lanes_of_users).bind(&users_in_turn)).await? {
        let mut cells = Cells::of(&row);
        let (lane, request) = (cells.int()?, cells.id()?);
        if let Some(turn) = places.get(&lane).and_then(|place| turns.get_mut(*place))
            && chosen.insert(request)
        {
            turn.requests.push(request);
        }
    }
    Ok(())
}
