//! Where the calls of one worker wait for the scheduler to let them go on.

use crate::bed::gate::{Gate, Passage, Point};
use crate::trace::Trace;
use std::collections::BTreeSet;
use std::pin::Pin;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll, Waker};

/// One worker's desk.
pub(crate) struct Desk {
    trace: Arc<Trace>,
    state: Mutex<State>,
}

#[derive(Default)]
struct State {
    /// The task that is being polled.
    task: u64,
    /// How many calls are under way that have to end before anything else goes on.
    inside: u32,
    waiting: Vec<Waiting>,
    passed: u64,
    stale: BTreeSet<u64>,
}

struct Waiting {
    ticket: u64,
    task: u64,
    point: Point,
    released: bool,
    waker: Waker,
}

impl Desk {
    pub(crate) fn new(trace: Arc<Trace>) -> Self {
        Self { trace, state: Mutex::default() }
    }

    /// The task that is polled from here on.
    pub(crate) fn turn_to(&self, task: u64) {
        self.locked().task = task;
    }

    /// Whether a call is under way that has to end first.
    pub(crate) fn is_inside(&self) -> bool {
        self.locked().inside > 0
    }

    /// The point at which a task waits, if it does; the one that was reached first.
    pub(crate) fn waits_at(&self, task: u64) -> Option<Point> {
        let state = self.locked();
        state
            .waiting
            .iter()
            .find(|waiting| waiting.task == task && !waiting.released)
            .map(|w| w.point.clone())
    }

    /// Lets the first call of a task go on.
    pub(crate) fn release(&self, task: u64) {
        let mut state = self.locked();
        let first = state.waiting.iter_mut().find(|waiting| waiting.task == task && !waiting.released);
        if let Some(waiting) = first {
            waiting.released = true;
            waiting.waker.wake_by_ref();
        }
    }

    /// What these tasks call from here on may be another's by now.
    pub(crate) fn doubt(&self, tasks: impl Iterator<Item = u64>) {
        self.locked().stale.extend(tasks);
    }

    fn locked(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Gate for Desk {
    fn pass(&self, point: Point) -> Passage<'_> {
        Box::pin(Pass { desk: self, point: Some(point), ticket: 0 })
    }

    fn enter(&self) {
        self.locked().inside += 1;
    }

    fn leave(&self) {
        self.locked().inside -= 1;
    }

    fn is_stale(&self) -> bool {
        let state = self.locked();
        state.stale.contains(&state.task)
    }

    fn is_noting(&self) -> bool {
        self.trace.is_wanted()
    }

    fn note(&self, text: &str) {
        self.trace.note(text);
    }
}

/// One passage: registers, and ends once it is released.
struct Pass<'a> {
    desk: &'a Desk,
    point: Option<Point>,
    ticket: u64,
}

impl Future for Pass<'_> {
    type Output = ();

    fn poll(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<()> {
        let mut state = self.desk.locked();
        if let Some(point) = self.point.take() {
            state.passed += 1;
            let (ticket, task) = (state.passed, state.task);
            state.waiting.push(Waiting { ticket, task, point, released: false, waker: cx.waker().clone() });
            drop(state);
            self.ticket = ticket;
            return Poll::Pending;
        }
        let place = state.waiting.iter().position(|waiting| waiting.ticket == self.ticket);
        match place {
            Some(place) if state.waiting[place].released => {
                state.waiting.remove(place);
                Poll::Ready(())
            }
            Some(place) => {
                state.waiting[place].waker = cx.waker().clone();
                Poll::Pending
            }
            None => Poll::Ready(()),
        }
    }
}
