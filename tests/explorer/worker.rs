//! A process that works: an engine of its own, and whatever it has under way.

use crate::bed::gate::Point;
use crate::desk::Desk;
use crate::mutant::Steps;
use seatless::domain::{HolderId, Instant};
use seatless::engine::{Chore, Engine};
use seatless::store::{Group, Pool, StoreError};
use std::pin::Pin;
use std::sync::Arc;
use std::task::Poll;
use std::time::Duration;

pub(crate) struct Worker {
    pub(crate) engine: Arc<Engine<Steps>>,
    pub(crate) desk: Arc<Desk>,
    pub(crate) holder: HolderId,
    pub(crate) tasks: Vec<Task>,
    /// It stands still until then.
    pub(crate) asleep_until: Option<Instant>,
    /// When it fell asleep.
    pub(crate) slept_at: Option<Instant>,
    /// It has taken over what others left, where it has to.
    pub(crate) rescued: bool,
    /// What it does beside the lanes, and when next.
    pub(crate) chores: Vec<(Duty, Arc<dyn Chore>, Instant)>,
    /// Pools are not read again before this instant.
    pub(crate) read_not_before: Option<Instant>,
    /// What the store and the clock were like when a round found nothing to do.
    pub(crate) idle_at: Option<(u64, Instant)>,
    next_task: u64,
}

/// Something that a worker has under way.
pub(crate) struct Task {
    pub(crate) id: u64,
    pub(crate) kind: Kind,
    /// What it is, with the state that its requests were in.
    pub(crate) label: String,
    pub(crate) not_before: Instant,
    pub(crate) point: Option<Point>,
    /// It waits for another task of its worker.
    pub(crate) stuck: bool,
    future: Pin<Box<dyn Future<Output = Result<Done, StoreError>>>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    Rescue,
    Round,
    Reading,
    Chore(Duty),
    Group,
}

/// Work beside the lanes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Duty {
    Sweep,
    GiveUp,
    Watch,
}

/// What a task came to.
pub(crate) enum Done {
    Rescued,
    /// Admitted and claimed.
    Round {
        groups: Vec<Group>,
        pools: Vec<Pool>,
    },
    /// Read the pools; whether all could be read.
    Reading(bool),
    /// After how long it wants to be called again.
    Chore(Duty, Duration),
    Group,
}

/// How far a task has come.
pub(crate) enum Reached {
    Point(Point),
    End(Result<Done, StoreError>),
    Stuck,
}

impl Worker {
    pub(crate) fn new(
        engine: Arc<Engine<Steps>>,
        chores: Vec<(Duty, Arc<dyn Chore>)>,
        desk: Arc<Desk>,
        holder: HolderId,
        now: Instant,
    ) -> Self {
        Self {
            engine,
            desk,
            holder,
            tasks: Vec::new(),
            asleep_until: None,
            slept_at: None,
            rescued: false,
            chores: chores.into_iter().map(|(duty, chore)| (duty, chore, now)).collect(),
            read_not_before: None,
            idle_at: None,
            next_task: 1,
        }
    }

    pub(crate) fn is_awake(&self) -> bool {
        self.asleep_until.is_none()
    }

    pub(crate) fn is_at(&self, kind: Kind) -> bool {
        self.tasks.iter().any(|task| task.kind == kind)
    }

    /// Takes over what others have left.
    pub(crate) fn rescue(&mut self, now: Instant) {
        let engine = Arc::clone(&self.engine);
        self.start(Kind::Rescue, "rescue".to_owned(), now, async move {
            engine.rescue().await.map(|_| Done::Rescued)
        });
    }

    /// Admits, if that can mean anything, and claims, as the pump does.
    pub(crate) fn round(&mut self, groups_max: usize, seats_concerned: bool, doubted: bool, now: Instant) {
        let engine = Arc::clone(&self.engine);
        let in_flight = self.tasks.iter().filter(|task| task.kind == Kind::Group).count();
        let room = u32::try_from(groups_max.saturating_sub(in_flight)).unwrap_or_default();
        let reads = !self.is_at(Kind::Reading) && self.read_not_before.is_none_or(|at| now >= at);
        self.start(Kind::Round, "round".to_owned(), now, async move {
            if doubted && engine.works_on_a_copy().await? {
                return Ok(Done::Round { groups: Vec::new(), pools: Vec::new() });
            }
            if seats_concerned {
                engine.admit().await?;
            }
            let pools = if reads && seats_concerned { engine.unread_pools().await? } else { Vec::new() };
            let groups = if room > 0 { engine.claim(room).await? } else { Vec::new() };
            Ok(Done::Round { groups, pools })
        });
    }

    pub(crate) fn read(&mut self, pools: Vec<Pool>, now: Instant) {
        let engine = Arc::clone(&self.engine);
        self.start(Kind::Reading, "reading".to_owned(), now, async move {
            let mut all_read = true;
            for pool in pools {
                all_read &= engine.measure(&pool).await?.is_ok();
            }
            Ok(Done::Reading(all_read))
        });
    }

    /// Begins a chore.
    pub(crate) fn tick(&mut self, place: usize, now: Instant) {
        let (duty, chore, _) = &self.chores[place];
        let (duty, chore) = (*duty, Arc::clone(chore));
        self.start(Kind::Chore(duty), format!("{duty:?}").to_lowercase(), now, async move {
            chore.tick().await.map(|wait| Done::Chore(duty, wait))
        });
    }

    /// When a chore is due next, unless it is under way.
    pub(crate) fn chore_at(&self, place: usize) -> Option<Instant> {
        let (duty, _, at) = &self.chores[place];
        (!self.is_at(Kind::Chore(*duty))).then_some(*at)
    }

    pub(crate) fn run(&mut self, group: Group, now: Instant) {
        let engine = Arc::clone(&self.engine);
        let first = group.members.first().map(|member| {
            let progress = &member.request.progress;
            let direction = match &progress.phase {
                seatless::domain::Phase::Active { direction, .. } => direction.as_str(),
                seatless::domain::Phase::Blocked { .. } => "blocked",
                seatless::domain::Phase::Succeeded
                | seatless::domain::Phase::Failed { .. }
                | seatless::domain::Phase::Cancelled => "ended",
            };
            format!("{} {direction}", progress.state)
        });
        let label = format!("{} at {}", group.step, first.unwrap_or_default());
        self.start(Kind::Group, label, now, async move { engine.run(group).await.map(|_| Done::Group) });
    }

    fn start(
        &mut self,
        kind: Kind,
        label: String,
        not_before: Instant,
        work: impl Future<Output = Result<Done, StoreError>> + 'static,
    ) {
        let id = self.next_task;
        self.next_task += 1;
        let future = Box::pin(work);
        self.tasks.push(Task { id, kind, label, not_before, point: None, stuck: false, future });
    }

    /// Lets a task go on to its next point. Nothing else is polled while a call that it makes is under way.
    pub(crate) async fn advance(&mut self, place: usize) -> Reached {
        let task = &mut self.tasks[place];
        let desk = &self.desk;
        desk.turn_to(task.id);
        if task.point.take().is_some() {
            desk.release(task.id);
        }
        let reached = std::future::poll_fn(|cx| {
            desk.turn_to(task.id);
            match task.future.as_mut().poll(cx) {
                Poll::Ready(end) => Poll::Ready(Reached::End(end)),
                Poll::Pending if desk.is_inside() => Poll::Pending,
                Poll::Pending => Poll::Ready(match desk.waits_at(task.id) {
                    Some(point) => Reached::Point(point),
                    None => Reached::Stuck,
                }),
            }
        })
        .await;
        match &reached {
            Reached::Point(point) => task.point = Some(point.clone()),
            Reached::Stuck => task.stuck = true,
            Reached::End(_) => drop(self.tasks.remove(place)),
        }
        if !matches!(reached, Reached::Stuck) {
            self.tasks.iter_mut().for_each(|task| task.stuck = false);
        }
        reached
    }

    /// What it had under way stands still for ever, so that nobody can rely on a drop.
    pub(crate) fn leak(self) {
        for task in self.tasks {
            std::mem::forget(task.future);
        }
    }
}
