//! Whose turn it is, where several wait for the same: users for a seat of a pool, and tenants for a group in flight.
//!
//! A seat goes to the highest priority that waits. Within it the batches take turns: each has a pass that grows by one
//! with each turn, and the smallest pass is next (stride scheduling). A batch that joins begins [`FRESH_TURNS`] turns
//! before the one that is furthest: a small one beside a huge one has its turns at once, a later huge one catches up with
//! nobody. And whoever has waited longest of all is passed over at most [`PASSED_OVER_MAX`] times in a row: a user with
//! `n` older ones before it has its seat after at most `(n + 1) * (PASSED_OVER_MAX + 1)` turns, whatever else is asked for.

use super::{BatchId, RequestId, UserId};
use std::cmp::Reverse;
use std::collections::{BTreeSet, HashMap, HashSet};

/// How many turns a batch that joins a line has before those that are there already.
pub const FRESH_TURNS: i64 = 3;

/// How many turns in a row may go to others than the user that has waited longest.
pub const PASSED_OVER_MAX: u32 = 3;

/// By how much the pass of a tenant with weight 1 grows with each group; by a part of it with a larger weight.
pub const TURN_STRIDE: i64 = 1_000_000;

/// A user that waits for a seat, by one of its requests.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Waiter {
    /// The request.
    pub request: RequestId,
    /// Its user.
    pub user: UserId,
    /// The request's priority.
    pub priority: i32,
    /// The request's batch.
    pub batch: BatchId,
}

/// The requests of one batch and priority that wait for seats of one pool.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Line {
    /// Their priority; larger comes first.
    pub priority: i32,
    /// Their batch.
    pub batch: BatchId,
    /// How many turns it has had, counted from where it joined.
    pub pass: i64,
}

/// The next `count` users of a pool, in the order in which they have their turns. `waiters` are the first of each line and
/// `eldest` the first of all, both by age; `passed_over` says how many turns in a row the eldest has been passed over.
/// A user in several lines, or several times in one, has one turn.
pub fn in_turn(
    lines: &[Line],
    waiters: &[Waiter],
    eldest: &[Waiter],
    mut passed_over: u32,
    count: usize,
) -> Vec<Waiter> {
    let mut queues: HashMap<(i32, BatchId), Vec<Waiter>> = HashMap::new();
    for waiter in waiters.iter().rev() {
        queues.entry((waiter.priority, waiter.batch)).or_default().push(*waiter);
    }
    let mut passes: HashMap<(i32, BatchId), i64> =
        lines.iter().map(|line| ((line.priority, line.batch), line.pass)).collect();
    let mut order: BTreeSet<(Reverse<i32>, i64, BatchId)> =
        lines.iter().map(|line| (Reverse(line.priority), line.pass, line.batch)).collect();
    let mut eldest = eldest.iter().copied().peekable();
    let mut served = HashSet::new();
    let mut turns = Vec::new();
    while turns.len() < count {
        while eldest.next_if(|waiter| served.contains(&waiter.user)).is_some() {}
        let oldest = eldest.peek().copied();
        let due = oldest.filter(|_| passed_over >= PASSED_OVER_MAX);
        let Some(next) = due.or_else(|| first_in_line(&mut order, &mut queues, &served)) else { break };
        served.insert(next.user);
        passed_over = if oldest.is_none_or(|oldest| oldest.user == next.user) { 0 } else { passed_over + 1 };
        let line = (next.priority, next.batch);
        if let Some(pass) = passes.get_mut(&line) {
            // A line that has run dry is in the order no more.
            let waits = order.remove(&(Reverse(line.0), *pass, line.1));
            *pass += 1;
            if waits {
                order.insert((Reverse(line.0), *pass, line.1));
            }
        }
        turns.push(next);
    }
    turns
}

/// The first user of the first line that has one; lines without one leave the order.
fn first_in_line(
    order: &mut BTreeSet<(Reverse<i32>, i64, BatchId)>,
    queues: &mut HashMap<(i32, BatchId), Vec<Waiter>>,
    served: &HashSet<UserId>,
) -> Option<Waiter> {
    while let Some(&(Reverse(priority), pass, batch)) = order.first() {
        let queue = queues.entry((priority, batch)).or_default();
        while queue.last().is_some_and(|waiter| served.contains(&waiter.user)) {
            queue.pop();
        }
        match queue.pop() {
            Some(waiter) => return Some(waiter),
            None => order.remove(&(Reverse(priority), pass, batch)),
        };
    }
    None
}

/// A tenant that has lanes due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Share {
    /// How much it has had; the smallest is next.
    pub pass: i64,
    /// How large its part is beside the others'; at least 1.
    pub weight: u32,
    /// How many of its lanes are due.
    pub due: usize,
}

/// What one tenant gets.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Granted {
    /// How many of its lanes are worked on now.
    pub turns: usize,
    /// How much it has had after that.
    pub pass: i64,
}

/// How many of its lanes each tenant has worked on now, at most `room` in all: turn by turn, so that a tenant of many
/// lanes delays another by no more than its own part. One that had nothing to do for long has saved no turns up: it begins
/// one turn before the one that is furthest.
pub fn shared_turns(shares: &[Share], room: usize) -> Vec<Granted> {
    let furthest = shares.iter().map(|share| share.pass).max().unwrap_or_default();
    let mut granted: Vec<Granted> = shares
        .iter()
        .map(|share| Granted { turns: 0, pass: share.pass.max(furthest - TURN_STRIDE) })
        .collect();
    let has_more = |at: usize, granted: &[Granted]| granted[at].turns < shares[at].due;
    let mut order: BTreeSet<(i64, usize)> =
        (0..shares.len()).filter(|at| has_more(*at, &granted)).map(|at| (granted[at].pass, at)).collect();
    for _ in 0..room {
        let Some((pass, at)) = order.pop_first() else { break };
        granted[at].turns += 1;
        granted[at].pass = pass + TURN_STRIDE / i64::from(shares[at].weight.max(1));
        if has_more(at, &granted) {
            order.insert((granted[at].pass, at));
        }
    }
    granted
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    fn waiter(number: u128, priority: i32, batch: u128) -> Waiter {
        let id = Uuid::from_u128(number);
        Waiter { request: RequestId(id), user: UserId(id), priority, batch: BatchId(Uuid::from_u128(batch)) }
    }

    fn order(lines: &[(i32, u128, i64)], waiters: &[Waiter], passed_over: u32) -> Vec<u128> {
        let line = |&(priority, batch, pass)| Line { priority, batch: BatchId(Uuid::from_u128(batch)), pass };
        let lines: Vec<Line> = lines.iter().map(line).collect();
        let mut eldest = waiters.to_vec();
        eldest.sort_by_key(|waiter| waiter.request);
        let turns = in_turn(&lines, waiters, &eldest, passed_over, 100);
        turns.into_iter().map(|waiter| waiter.user.0.as_u128()).collect()
    }

    #[test]
    fn the_smallest_pass_is_next_and_everybody_has_one_turn() {
        let waiters: Vec<Waiter> =
            (1..=4).map(|n| waiter(n, 0, 1)).chain((11..=13).map(|n| waiter(n, 0, 2))).collect();
        assert_eq!(order(&[(0, 1, 0), (0, 2, -3)], &waiters, 0), [11, 12, 13, 1, 2, 3, 4]);
        assert_eq!(order(&[(0, 1, 0), (0, 2, 0)], &waiters, 0), [1, 11, 2, 12, 3, 13, 4]);
    }

    #[test]
    fn nobody_is_passed_over_for_longer_than_the_bound() {
        let waiters: Vec<Waiter> =
            (1..=3).map(|n| waiter(n, 0, 1)).chain((11..=19).map(|n| waiter(n, 5, 2))).collect();
        let turns = order(&[(0, 1, 0), (5, 2, 0)], &waiters, 0);
        assert_eq!(turns, [11, 12, 13, 1, 14, 15, 16, 2, 17, 18, 19, 3]);
        assert_eq!(order(&[(0, 1, 0), (5, 2, 0)], &waiters, PASSED_OVER_MAX)[..2], [1, 11]);
    }

    #[test]
    fn nobody_has_a_turn_beyond_what_is_free() {
        let line = Line { priority: 0, batch: BatchId(Uuid::from_u128(1)), pass: 0 };
        let waiters: Vec<Waiter> = (1..=4).map(|n| waiter(n, 0, 1)).collect();
        for free in 0..=4 {
            assert_eq!(in_turn(&[line], &waiters, &waiters, 0, free), waiters[..free]);
        }
    }

    #[test]
    fn tenants_share_by_weight_and_save_nothing_up() {
        let share = |pass, weight, due| Share { pass, weight, due };
        let turns = |shares: &[Share], room| {
            shared_turns(shares, room).into_iter().map(|granted| granted.turns).collect::<Vec<_>>()
        };
        assert_eq!(turns(&[share(0, 1, 1_000), share(0, 1, 1)], 8), [7, 1]);
        assert_eq!(turns(&[share(0, 3, 1_000), share(0, 1, 1_000)], 8), [6, 2]);
        assert_eq!(
            turns(&[share(90 * TURN_STRIDE, 1, 9), share(0, 1, 9)], 7),
            [3, 4],
            "one turn ahead, no more"
        );
        assert_eq!(turns(&[share(0, 1, 2), share(0, 1, 0)], 8), [2, 0]);
    }
}
