//! Claiming: the due lanes, in fair order, each with its due requests.

use super::cells::{Cells, micros};
use super::json_rows::{JsonRows, id_list, int_list};
use super::lanes;
use super::member::{self, select_members};
use super::pen::Pen;
use super::verdict::corrupt;
use super::writer::{Applied, Verb};
use crate::domain::{Scope, Step};
use crate::store::{Claim, Group, LaneId, StoreError};
use std::collections::{BTreeSet, HashMap, HashSet};
use uuid::Uuid;

pub(super) const DUE_LANES: &str = "
    SELECT id, step, tenant, environment, trouble FROM lanes INDEXED BY lanes_due
    WHERE wake_at <= ?1 ORDER BY served_at, id LIMIT ?2";

/// The first due requests of each lane. A lane's own bound is applied afterwards: LIMIT takes no column.
pub(super) const DUE_REQUESTS: &str = "
    WITH wanted AS MATERIALIZED (SELECT value ->> 0 AS lane, value ->> 1 AS until FROM json_each(?1))
    SELECT r.lane, r.id, r.user FROM wanted CROSS JOIN requests AS r
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
    let mut turns = due_lanes(order, pen).await?;
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

async fn due_lanes(order: &Claim, pen: &mut Pen) -> Result<Vec<Turn>, StoreError> {
    let mut turns = Vec::new();
    for row in pen.rows(sqlx::query(DUE_LANES).bind(micros(order.now)).bind(order.lanes_max)).await? {
        let mut cells = Cells::of(&row);
        let group = Group {
            lane: LaneId(cells.int()?),
            step: cells.word(Step::parse)?,
            tenant: cells.take()?,
            environment: cells.take()?,
            trouble: cells.count()?,
            members: Vec::new(),
        };
        // A group that failed whole twice is halved, and again with each further time.
        let halvings = group.trouble.saturating_sub(1).min(31);
        let members_max = (order.members_max >> halvings).max(1) as usize;
        turns.push(Turn { group, requests: Vec::new(), members_max });
    }
    Ok(turns)
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
    let mut users = HashSet::new();
    for row in pen.rows(due).await? {
        let mut cells = Cells::of(&row);
        let (lane, request, user) = (cells.int()?, cells.id()?, cells.id()?);
        let Some(turn) = places.get(&lane).and_then(|place| turns.get_mut(*place)) else { continue };
        if turn.requests.len() >= turn.members_max {
            continue;
        }
        turn.requests.push(request);
        if turn.group.step.scope() == Scope::Tenant && users.insert((lane, user)) {
            with_siblings.row().int(lane).id(user);
        }
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
