//! Claiming: the due lanes, in fair order, each with its due requests.

use super::cells::{Cells, micros};
use super::json_rows::{JsonRows, id_list, int_list, text_list};
use super::lanes;
use super::member::{self, select_members};
use super::pen::Pen;
use super::verdict::corrupt;
use super::writer::{Applied, Verb};
use crate::domain::{Scope, Step};
use crate::store::sql::tenant_shares::TenantShares;
use crate::store::{Claim, Group, LaneId, StoreError};
use chrono::TimeDelta;
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

/// The tenants with lanes that wait for anything, from one to the next along the index; what each has had.
pub(super) const DUE_TENANTS: &str = "
    WITH RECURSIVE named (tenant) AS (
        SELECT min(tenant) FROM lanes INDEXED BY lanes_due_of_tenant WHERE wake_at IS NOT NULL
        UNION ALL
        SELECT (SELECT min(l.tenant) FROM lanes AS l INDEXED BY lanes_due_of_tenant
                WHERE l.wake_at IS NOT NULL AND l.tenant > named.tenant)
        FROM named WHERE named.tenant IS NOT NULL)
    SELECT named.tenant, ifnull(t.pass, 0) FROM named LEFT JOIN tenant_turns AS t ON t.tenant = named.tenant
    WHERE named.tenant IS NOT NULL ORDER BY named.tenant";

/// The first due lanes of each tenant, those served longest ago first.
pub(super) const DUE_LANES: &str = "
    WITH wanted AS MATERIALIZED (SELECT value AS tenant FROM json_each(?3))
    SELECT l.id, l.step, l.tenant, l.environment, l.trouble FROM wanted CROSS JOIN lanes AS l
    WHERE l.id IN (SELECT x.id FROM lanes AS x INDEXED BY lanes_due_of_tenant
                   WHERE x.tenant = wanted.tenant AND x.wake_at <= ?1 ORDER BY x.served_at, x.id LIMIT ?2)
    ORDER BY l.served_at, l.id";

pub(super) const CHARGE_TENANTS: &str = "
    INSERT INTO tenant_turns (tenant, pass)
    SELECT value ->> 0, value ->> 1 FROM json_each(?1) WHERE true
    ON CONFLICT DO UPDATE SET pass = excluded.pass";

/// How long a request waits whose user is in other hands.
const YIELD: TimeDelta = TimeDelta::seconds(1);

/// The first due requests of each lane, and whether something is being done to the user of one in the directory already.
/// A lane's own bound is applied afterwards: LIMIT takes no column.
pub(super) const DUE_REQUESTS: &str = "
    WITH wanted AS MATERIALIZED (SELECT value ->> 0 AS lane, value ->> 1 AS until FROM json_each(?1))
    SELECT r.lane, r.id, r.user,
        EXISTS (SELECT 1 FROM requests AS s INDEXED BY requests_live
                WHERE s.user = r.user AND s.status IN ('active', 'blocked', 'succeeded') AND s.id <> r.id
                  AND s.holder IS NOT NULL
                  AND s.step IN ('create_user', 'assign_license', 'remove_license', 'delete_user', 'disable_user'))
    FROM wanted CROSS JOIN requests AS r
    WHERE r.rowid IN (SELECT x.rowid FROM requests AS x INDEXED BY requests_due
                      WHERE x.lane = wanted.lane AND x.due_at IS NOT NULL AND x.due_at <= wanted.until
                        AND x.holder IS NULL AND x.paused = 0
                      ORDER BY x.due_at LIMIT ?2)
    ORDER BY r.due_at, r.id";

/// The other claimable requests of users at the same tenant-wide step.
pub(super) const SIBLINGS: &str = "
    WITH wanted AS MATERIALIZED (SELECT value ->> 0 AS lane, unhex(value ->> 1) AS user FROM json_each(?1))
    SELECT wanted.lane, r.id FROM wanted CROSS JOIN requests AS r INDEXED BY requests_live
    WHERE r.user = wanted.user AND r.status IN ('active', 'blocked', 'succeeded') AND r.lane = wanted.lane
      AND r.due_at IS NOT NULL AND r.holder IS NULL AND r.paused = 0
    ORDER BY r.id";

pub(super) const MAKE_WAIT: &str = "
    UPDATE requests SET due_at = ?1 WHERE id IN (SELECT unhex(value) FROM json_each(?2)) AND holder IS NULL";

pub(super) const TAKE: &str = "
    UPDATE requests SET holder = ?1, epoch = epoch + 1, claims = claims + 1
    WHERE id IN (SELECT unhex(value) FROM json_each(?2)) AND holder IS NULL AND paused = 0 AND due_at IS NOT NULL";

pub(super) const MEMBERS: &str = select_members!(
    "FROM json_each(?2) AS wanted CROSS JOIN requests AS r ON r.id = unhex(wanted.value)
        CROSS JOIN users AS u ON u.id = r.user
     ORDER BY wanted.key"
);

pub(super) const TAKE_LANES: &str = "
    UPDATE lanes SET claimed_by = ?1, served_at = ?2
    WHERE id IN (SELECT value FROM json_each(?3)) AND claimed_by IS NULL";

impl Verb for Claim {
    type Answer = Vec<Group>;

    fn apply<'a>(&'a self, pen: &'a mut Pen) -> Applied<'a, Vec<Group>> {
        Box::pin(claim(self, pen))
    }

    fn weight(&self) -> usize {
        self.lanes_max as usize
    }
}

/// A lane whose turn it is, with the requests it gets.
struct Turn {
    group: Group,
    requests: Vec<Uuid>,
    members_max: usize,
}

async fn claim(order: &Claim, pen: &mut Pen) -> Result<Vec<Group>, StoreError> {
    let (mut turns, passes) = due_lanes(order, pen).await?;
    if turns.is_empty() {
        return Ok(Vec::new());
    }
    fill(order, pen, &mut turns).await?;
    let lanes: BTreeSet<i64> = turns.iter().map(|turn| turn.group.lane.0).collect();
    turns.retain(|turn| !turn.requests.is_empty());
    let holder = order.holder.0;
    let requests = || turns.iter().flat_map(|turn| turn.requests.iter().copied());
    let expected = requests().count() as u64;
    let taken = pen.run(sqlx::query(TAKE).bind(holder).bind(id_list(requests()))).await?;
    if taken != expected {
        return Err(StoreError::Failed(format!("{taken} of {expected} requests could be claimed")));
    }
    let claimed = int_list(turns.iter().map(|turn| turn.group.lane.0));
    pen.run(sqlx::query(TAKE_LANES).bind(holder).bind(micros(order.now)).bind(claimed)).await?;
    pen.run(sqlx::query(CHARGE_TENANTS).bind(passes.into_json())).await?;
    lanes::refresh(pen, &lanes).await?;
    let members = sqlx::query(MEMBERS).bind(micros(order.now)).bind(id_list(requests()));
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
async fn due_lanes(order: &Claim, pen: &mut Pen) -> Result<(Vec<Turn>, JsonRows), StoreError> {
    let mut shares = TenantShares::default();
    for row in pen.rows(sqlx::query(DUE_TENANTS)).await? {
        let mut cells = Cells::of(&row);
        shares.know(cells.take()?, cells.int()?);
    }
    let mut passes = JsonRows::new();
    if shares.is_empty() {
        return Ok((Vec::new(), passes));
    }
    let mut turns = Vec::new();
    let names = text_list(shares.names());
    let due = sqlx::query(DUE_LANES).bind(micros(order.now)).bind(order.lanes_max).bind(names);
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
    let granted = shares.grant(turns.iter().map(|turn: &Turn| turn.group.tenant.as_str()), order);
    for (tenant, pass) in &granted.passes {
        passes.row().text(tenant).int(*pass);
    }
    let mut left = granted.turns;
    turns.retain(|turn| match left.get_mut(&turn.group.tenant) {
        Some(left) if *left > 0 => {
            *left -= 1;
            true
        }
        Some(_) | None => false,
    });
    Ok((turns, passes))
}

/// Chooses the requests of each lane.
async fn fill(order: &Claim, pen: &mut Pen, turns: &mut [Turn]) -> Result<(), StoreError> {
    let places: HashMap<i64, usize> =
        turns.iter().enumerate().map(|(place, turn)| (turn.group.lane.0, place)).collect();
    let mut wanted = JsonRows::new();
    for turn in turns.iter() {
        // One question to an environment serves everybody who waits there, so nobody waits for a turn of their own.
        let everybody = turn.group.step == Step::AwaitPropagation;
        let until = if everybody { i64::MAX } else { micros(order.now) };
        wanted.row().int(turn.group.lane.0).int(until);
    }
    let due = sqlx::query(DUE_REQUESTS).bind(wanted.into_json()).bind(order.members_max.max(1));
    let mut with_siblings = JsonRows::new();
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
                with_siblings.row().int(lane).id(user);
            }
        }
        turn.requests.push(request);
    }
    if !waiting.is_empty() {
        let until = micros(order.now + YIELD);
        pen.run(sqlx::query(MAKE_WAIT).bind(until).bind(id_list(waiting))).await?;
    }
    if with_siblings.is_empty() {
        return Ok(());
    }
    let mut chosen: HashSet<Uuid> = turns.iter().flat_map(|turn| turn.requests.iter().copied()).collect();
    for row in pen.rows(sqlx::query(SIBLINGS).bind(with_siblings.into_json())).await? {
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
