//! One request, and what a store would keep around it.

use crate::legality;
use chrono::TimeDelta;
use seatless::domain::{
    Code, Direction, EventKind, EvidenceKind, Facts, Failure, Inapplicable, Input, Instant, IntentId,
    LicenseEffect, OpenIntent, Outcome, Phase, Policy, Progress, SeatEffect, SlotEffect, State, Step,
    Subject, Timer, Transition, budget_spent, decide, step_of,
};
use std::time::Duration;
use uuid::Uuid;

/// How many inputs lead straight to the end.
const STRAIGHT_INPUTS: usize = 8;

/// One request with its row, its user and the time.
#[derive(Clone, Debug)]
pub(crate) struct World {
    pub(crate) progress: Progress,
    pub(crate) facts: Facts,
    pub(crate) step: Option<Step>,
    pub(crate) policy: Policy,
    pub(crate) now: Instant,
    /// Other requests of the same user change what is true of it.
    pub(crate) in_company: bool,
    /// What looks have shown in a row, noted independently of the machine.
    pub(crate) surprises: Vec<(EvidenceKind, Instant)>,
    /// How often it was set back since a person last had it tried again.
    pub(crate) regressions: u32,
    user_known: bool,
    intents: u128,
}

/// One input, and everything around it, for the checks.
#[derive(Debug)]
pub(crate) struct Moment {
    pub(crate) before: Progress,
    pub(crate) facts: Facts,
    pub(crate) input: Input,
    pub(crate) transition: Transition,
}

/// One claim by a worker, from its look to its commit.
#[derive(Clone, Debug)]
pub(crate) struct Turn {
    /// The claim waits until the request is due.
    pub(crate) punctual: bool,
    /// The worker records a write and sends it, if the step has one to send.
    pub(crate) writes: bool,
    /// What it reports; nothing if it dies.
    pub(crate) outcome: Option<Outcome>,
    /// How long it takes before its commit.
    pub(crate) takes: Duration,
    pub(crate) chance: f64,
}

impl Turn {
    /// A turn in which everything works.
    pub(crate) fn good() -> Self {
        Self::of(Outcome::Advanced)
    }

    /// A punctual turn that writes and reports this.
    pub(crate) fn of(outcome: Outcome) -> Self {
        Self { punctual: true, writes: true, outcome: Some(outcome), takes: Duration::ZERO, chance: 0.5 }
    }

    /// A punctual turn that only looks, and reports this.
    pub(crate) fn look(outcome: Outcome) -> Self {
        Self { writes: false, ..Self::of(outcome) }
    }
}

fn is_forward(phase: &Phase) -> bool {
    matches!(phase, Phase::Active { direction: Direction::Forward, .. })
}

/// Where a request lies that was seen to lie behind: its user is there, and only a license makes it Licensed.
fn fallen_to(to: State, facts: &Facts) -> State {
    if to == State::Licensed && !facts.license_may_be_held { State::Created } else { to.max(State::Created) }
}

pub(crate) fn failure(code: Code) -> Failure {
    Failure::new(code, "")
}

impl World {
    /// A request that was just accepted.
    pub(crate) fn new(policy: Policy) -> Self {
        let now = Instant::UNIX_EPOCH + TimeDelta::days(20_000);
        let progress = Progress::fresh(now);
        let facts = Facts::default();
        let step = step_of(&progress, facts);
        Self {
            progress,
            facts,
            step,
            policy,
            now,
            in_company: false,
            surprises: Vec::new(),
            regressions: 0,
            user_known: false,
            intents: 0,
        }
    }

    /// A request under the default policy that went straight to a state.
    pub(crate) fn at(state: State) -> Self {
        let mut world = Self::new(Policy::default());
        for _ in 0..STRAIGHT_INPUTS {
            if world.progress.state < state {
                world.go_well_once();
            }
        }
        assert_eq!(world.progress.state, state);
        world
    }

    /// The same, to be given up.
    pub(crate) fn giving_up(mut self) -> Self {
        self.progress.phase = Phase::Active { direction: Direction::GivingUp, timer: Timer::At(self.now) };
        self.step = step_of(&self.progress, self.facts());
        self
    }

    pub(crate) fn facts(&self) -> Facts {
        Facts { user_may_exist: self.user_known || self.progress.trial.intent.is_some(), ..self.facts }
    }

    pub(crate) fn is_terminal(&self) -> bool {
        self.progress.status().is_terminal()
    }

    pub(crate) fn wait(&mut self, duration: Duration) {
        self.now += duration;
    }

    /// Lets another request of the user change what is true of it.
    pub(crate) fn change_company(&mut self, change: Facts) {
        self.in_company = true;
        self.facts.seat_held = change.seat_held;
        self.facts.license_may_be_held = change.license_may_be_held;
        self.facts.propagated_once |= change.propagated_once;
        self.facts.adopted |= change.adopted;
        self.user_known |= change.user_may_exist;
        self.step = step_of(&self.progress, self.facts());
    }

    /// What an input would make of it.
    pub(crate) fn decide(&self, input: Input, chance: f64) -> Result<Transition, Inapplicable> {
        let subject = Subject { progress: &self.progress, facts: self.facts() };
        decide(&subject, input, &self.policy, self.now, chance)
    }

    /// Puts an input in, checks what comes of it, and stores that.
    pub(crate) fn put(&mut self, input: Input, chance: f64) -> Result<Moment, Inapplicable> {
        let transition = self.decide(input.clone(), chance)?;
        let moment = Moment { before: self.progress.clone(), facts: self.facts(), input, transition };
        self.note_surprise(&moment);
        legality::check_moment(self, &moment);
        self.store(&moment.transition);
        legality::check_situation(self);
        self.forget_surprises(&moment);
        Ok(moment)
    }

    /// One claim by a worker. Nothing if there is nothing to claim.
    pub(crate) fn turn(&mut self, turn: &Turn) -> Option<Moment> {
        let (step, due) = (self.step?, self.progress.due_at()?);
        if turn.punctual {
            self.now = self.now.max(due);
        }
        self.progress.trial.claims += 1;
        let looked_at = self.now;
        self.wait(turn.takes / 2);
        let open = self.progress.trial.intent;
        let refusal = if turn.writes { self.begin(step) } else { None };
        let begun = self.progress.trial.intent != open;
        self.wait(turn.takes / 2);
        let input = match refusal.or_else(|| turn.outcome.clone()) {
            Some(outcome) => Input::Reported { outcome, looked_at, begun },
            None => Input::Rescued,
        };
        Some(self.put(input, turn.chance).expect("what has a step takes any report"))
    }

    /// Records a write, as the engine and the store do; or says why it may not be sent.
    fn begin(&mut self, step: Step) -> Option<Outcome> {
        if self.progress.paused || matches!(step, Step::CheckEnvironment | Step::Verify) {
            return None;
        }
        let budgeted = step != Step::AwaitPropagation;
        if let (true, Some(failure)) = (budgeted, budget_spent(&self.progress, &self.policy)) {
            return Some(Outcome::Blocked { failure });
        }
        if step == Step::AssignLicense {
            if !self.facts.seat_held {
                return Some(Outcome::NoSeat { failure: failure(Code::GraphNoSeat) });
            }
            self.facts.license_may_be_held = true;
        }
        self.intents += 1;
        let id = IntentId(Uuid::from_u128(self.intents));
        self.progress.trial.intent = Some(OpenIntent { id, begun_at: self.now });
        self.progress.trial.attempts += u32::from(budgeted);
        None
    }

    fn store(&mut self, transition: &Transition) {
        match transition.slot {
            SlotEffect::Keep => {}
            SlotEffect::Take => assert!(!std::mem::replace(&mut self.facts.slot_held, true), "a second slot"),
            SlotEffect::Return => {
                assert!(std::mem::replace(&mut self.facts.slot_held, false), "no slot to return");
            }
        }
        match transition.seat {
            SeatEffect::Keep => {}
            SeatEffect::Take => assert!(!std::mem::replace(&mut self.facts.seat_held, true), "a second seat"),
            SeatEffect::Return | SeatEffect::Unused | SeatEffect::Refused => {
                assert!(std::mem::replace(&mut self.facts.seat_held, false), "no seat to return");
            }
        }
        match transition.license {
            // What is confirmed without an intent of ours is somebody else's license.
            LicenseEffect::Unchanged | LicenseEffect::Confirmed => {}
            LicenseEffect::Gone | LicenseEffect::GoneWithUser => self.facts.license_may_be_held = false,
        }
        self.facts.propagated_once |= transition.next.state >= State::Propagated;
        self.user_known |= transition.next.state >= State::Created;
        self.progress = transition.next.clone();
        self.step = transition.step;
    }

    fn note_surprise(&mut self, moment: &Moment) {
        let Input::Reported { outcome, looked_at, .. } = &moment.input else {
            return;
        };
        let kind = match outcome {
            Outcome::Absent { .. } => EvidenceKind::Absent,
            // What does not lie behind a request on its way forward is no surprise.
            Outcome::Regressed { to, .. } => match fallen_to(*to, &moment.facts) {
                to if to < moment.before.state && is_forward(&moment.before.phase) => {
                    EvidenceKind::Behind(to)
                }
                _ => return,
            },
            Outcome::Advanced | Outcome::NotYet { .. } => return self.surprises.clear(),
            Outcome::Throttled { .. }
            | Outcome::Transient { .. }
            | Outcome::Ambiguous { .. }
            | Outcome::Blocked { .. }
            | Outcome::NoSeat { .. } => return,
        };
        if self.surprises.last().is_some_and(|(last, _)| *last != kind) {
            self.surprises.clear();
        }
        self.surprises.push((kind, *looked_at));
    }

    fn forget_surprises(&mut self, moment: &Moment) {
        let kind = moment.transition.event.as_ref().map(|event| event.kind);
        if moment.transition.next.state != moment.before.state
            || matches!(kind, Some(EventKind::Retried | EventKind::Reopened | EventKind::Cancelled))
        {
            self.surprises.clear();
        }
        match kind {
            Some(EventKind::Regressed) => self.regressions += 1,
            Some(EventKind::Retried | EventKind::Reopened) => self.regressions = 0,
            _ => {}
        }
    }

    /// The one thing that a patient operator and a healthy cloud would do next.
    pub(crate) fn go_well_once(&mut self) {
        use seatless::domain::Command::{Resume, Retry};
        if self.progress.paused {
            self.put(Input::Ordered(Resume), 0.5).unwrap();
            return;
        }
        match self.progress.phase {
            Phase::Blocked { .. } => drop(self.put(Input::Ordered(Retry), 0.5).unwrap()),
            Phase::Active { timer: Timer::ForSeat, .. } => drop(self.put(Input::Admitted, 0.5).unwrap()),
            Phase::Active { timer: Timer::At(_), .. } => drop(self.turn(&Turn::good()).unwrap()),
            Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => {}
        }
    }

    /// Lets everything work until it has ended; fails if that takes more than so many inputs.
    pub(crate) fn go_well(&mut self, inputs_max: usize) {
        for _ in 0..inputs_max {
            if self.is_terminal() {
                return;
            }
            self.go_well_once();
        }
        assert!(self.is_terminal(), "it has not ended after {inputs_max} good inputs: {self:#?}");
    }
}
