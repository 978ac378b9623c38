//! Random walks: whatever happens, and in whatever order, only legal situations come of it.

use crate::world::{Turn, World, failure};
use proptest::prelude::*;
use proptest::test_runner::{RngAlgorithm, RngSeed};
use seatless::domain::{
    Charge, Code, Command, Direction, Facts, Input, Outcome, Phase, Policy, SeatEffect, State, Status, Timer,
};
use std::time::Duration;

#[derive(Clone, Debug)]
enum Act {
    Wait(u64),
    Turn(Turn),
    /// So many punctual looks in a row that all show the same.
    Looks(u32, Outcome),
    Admit,
    Rescue,
    Poison,
    Misplace,
    GiveUp,
    Order(Command),
    Company(Facts),
}

/// The same walks in every run: what fails once fails again.
pub(crate) fn config(seed: u64) -> ProptestConfig {
    ProptestConfig {
        cases: 1_500,
        rng_algorithm: RngAlgorithm::ChaCha,
        rng_seed: RngSeed::Fixed(seed),
        failure_persistence: None,
        max_shrink_iters: 2_000,
        ..ProptestConfig::default()
    }
}

fn policies() -> impl Strategy<Value = Policy> {
    (1..=8u32, 1..=5u32, 0..=60u64, 0..=3u32, 60..=7_200u64).prop_map(
        |(attempts_max, absence_looks, window, regressions_max, deadline)| Policy {
            attempts_max,
            absence_looks,
            absence_window: Duration::from_secs(window),
            regressions_max,
            propagation_deadline: Duration::from_secs(deadline),
            ..Policy::default()
        },
    )
}

fn outcomes() -> impl Strategy<Value = Outcome> {
    let charge = prop_oneof![
        Just(Charge::Member),
        (0..600u64).prop_map(|wait| Charge::Lane { wait: Duration::from_secs(wait) })
    ];
    // The machine's own verdicts are for the machine to give.
    let codes = Code::ALL.iter().copied().filter(|code| !code.as_str().starts_with("machine."));
    let code = prop::sample::select(codes.collect::<Vec<_>>());
    prop_oneof![
        6 => Just(Outcome::Advanced),
        2 => (0..600u64, prop::option::of(code.clone())).prop_map(|(wait, because)| Outcome::NotYet {
            wait: Duration::from_secs(wait),
            because: because.map(failure),
        }),
        2 => prop::option::of(0..2_000u64).prop_map(|seconds| Outcome::Throttled {
            retry_after: seconds.map(Duration::from_secs),
        }),
        2 => (code.clone(), charge.clone()).prop_map(|(code, charge)| Outcome::Transient {
            failure: failure(code),
            charge,
        }),
        2 => (code.clone(), charge).prop_map(|(code, charge)| Outcome::Ambiguous {
            failure: failure(code),
            charge,
        }),
        1 => code.clone().prop_map(|code| Outcome::Blocked { failure: failure(code) }),
        1 => code.prop_map(|code| Outcome::NoSeat { failure: failure(code) }),
        2 => surprises(),
    ]
}

fn surprises() -> impl Strategy<Value = Outcome> {
    prop_oneof![
        Just(Outcome::Absent { failure: failure(Code::GraphUserGone) }),
        prop::sample::select(State::ALL)
            .prop_map(|to| Outcome::Regressed { to, failure: failure(Code::MachineLicenseLost) }),
    ]
}

fn turns() -> impl Strategy<Value = Turn> {
    (prop::bool::weighted(0.8), any::<bool>(), prop::option::weighted(0.95, outcomes()), 0..120u64, 0.0..1.0)
        .prop_map(|(punctual, writes, outcome, takes, chance)| Turn {
            punctual,
            writes,
            outcome,
            takes: Duration::from_secs(takes),
            chance,
        })
}

fn commands() -> impl Strategy<Value = Command> {
    prop_oneof![
        1 => Just(Command::Pause),
        2 => Just(Command::Resume),
        3 => Just(Command::Retry),
        1 => Just(Command::Cancel),
        1 => Just(Command::CancelAndDelete),
        2 => prop::sample::select(State::ALL).prop_map(|to| Command::Heal { to }),
    ]
}

fn acts() -> impl Strategy<Value = Act> {
    prop_oneof![
        2 => (0..4_000u64).prop_map(Act::Wait),
        12 => turns().prop_map(Act::Turn),
        2 => (1..=6u32, surprises()).prop_map(|(looks, outcome)| Act::Looks(looks, outcome)),
        3 => Just(Act::Admit),
        1 => Just(Act::Rescue),
        1 => Just(Act::Poison),
        1 => Just(Act::Misplace),
        1 => Just(Act::GiveUp),
        2 => commands().prop_map(Act::Order),
    ]
}

fn company() -> impl Strategy<Value = Act> {
    any::<[bool; 5]>().prop_map(|[user, adopted, seat, license, once]| {
        Act::Company(Facts {
            slot_held: false,
            user_may_exist: user,
            adopted,
            seat_held: seat,
            license_may_be_held: license,
            propagated_once: once,
        })
    })
}

fn walk(world: &mut World, acts: Vec<Act>) {
    for act in acts {
        match act {
            Act::Wait(seconds) => world.wait(Duration::from_secs(seconds)),
            Act::Turn(turn) => drop(world.turn(&turn)),
            Act::Looks(looks, outcome) => {
                for _ in 0..looks {
                    world.turn(&Turn::look(outcome.clone()));
                }
            }
            // Whether an input means anything is the machine's to say; if it does, `put` checks what comes of it.
            Act::Admit => drop(world.put(Input::Admitted, 0.5)),
            Act::Rescue => drop(world.put(Input::Rescued, 0.5)),
            Act::Poison => drop(world.put(Input::Poisoned, 0.5)),
            Act::Misplace => drop(world.put(Input::Misplaced, 0.5)),
            Act::GiveUp => drop(world.put(Input::GivenUp, 0.5)),
            Act::Order(command) => drop(world.put(Input::Ordered(command), 0.5)),
            Act::Company(facts) => world.change_company(facts),
        }
    }
}

/// How a request alone with its user came to be where it is.
#[derive(Clone, Debug)]
struct Plan {
    policy: Policy,
    good: usize,
    given_up: bool,
    acts: Vec<Act>,
}

impl Plan {
    fn carried_out(self) -> World {
        let mut world = World::new(self.policy);
        for _ in 0..self.good {
            world.go_well_once();
        }
        if self.given_up && !world.is_terminal() {
            world = world.giving_up();
        }
        walk(&mut world, self.acts);
        world
    }
}

fn plans() -> impl Strategy<Value = Plan> {
    (policies(), 0..8usize, prop::bool::weighted(0.1), prop::collection::vec(acts(), 0..40))
        .prop_map(|(policy, good, given_up, acts)| Plan { policy, good, given_up, acts })
}

fn every_input(world: &World) -> Vec<Input> {
    let failure = failure(Code::GraphRefused);
    let wait = Duration::from_secs(1);
    let mut outcomes = vec![
        Outcome::Advanced,
        Outcome::NotYet { wait, because: None },
        Outcome::Throttled { retry_after: None },
        Outcome::Absent { failure: failure.clone() },
        Outcome::Blocked { failure: failure.clone() },
        Outcome::NoSeat { failure: failure.clone() },
    ];
    for charge in [Charge::Member, Charge::Lane { wait }] {
        outcomes.push(Outcome::Transient { failure: failure.clone(), charge });
        outcomes.push(Outcome::Ambiguous { failure: failure.clone(), charge });
    }
    outcomes.extend(State::ALL.iter().map(|&to| Outcome::Regressed { to, failure: failure.clone() }));
    let reported =
        outcomes.into_iter().map(|outcome| Input::Reported { outcome, looked_at: world.now, begun: false });
    let ordered =
        [Command::Pause, Command::Resume, Command::Retry, Command::Cancel, Command::CancelAndDelete]
            .into_iter()
            .chain(State::ALL.iter().map(|&to| Command::Heal { to }))
            .map(Input::Ordered);
    let others = [Input::Admitted, Input::Rescued, Input::Poisoned, Input::Misplaced, Input::GivenUp];
    reported.chain(ordered).chain(others).collect()
}

proptest! {
    #![proptest_config(config(1))]

    /// The checks themselves are in `World::put`.
    #[test]
    fn a_request_alone_stays_legal(plan in plans()) {
        plan.carried_out();
    }

    #[test]
    fn a_request_in_company_stays_legal(
        policy in policies(),
        acts in prop::collection::vec(prop_oneof![8 => acts(), 1 => company()], 0..60),
    ) {
        let mut world = World::new(policy);
        world.in_company = true;
        walk(&mut world, acts);
    }

    #[test]
    fn from_anywhere_good_inputs_lead_to_an_end(plan in plans()) {
        let mut world = plan.carried_out();
        let heads_forward = matches!(
            world.progress.phase,
            Phase::Active { direction: Direction::Forward, .. } | Phase::Blocked { direction: Direction::Forward, .. }
        );
        if heads_forward {
            world.go_well(14);
            prop_assert_eq!(world.progress.status(), Status::Succeeded);
        } else {
            world.go_well(8);
        }
    }

    #[test]
    fn from_anywhere_a_cancellation_ends(plan in plans()) {
        let mut world = plan.carried_out();
        let ended = world.is_terminal();
        let cancelling = world.put(Input::Ordered(Command::Cancel), 0.5);
        world.go_well(6);
        if cancelling.is_ok() {
            prop_assert!(!ended);
            prop_assert_eq!(world.progress.status(), Status::Cancelled);
        }
    }

    #[test]
    fn what_is_blocked_can_be_given_up_and_then_fails_with_its_reason(plan in plans()) {
        let mut world = plan.carried_out();
        let before = world.progress.clone();
        let given_up = world.put(Input::GivenUp, 0.5);
        let blocked = matches!(before.phase, Phase::Blocked { direction: Direction::Forward, .. });
        prop_assert_eq!(given_up.is_ok(), blocked && !before.paused);
        if let (Ok(_), Phase::Blocked { failure, .. }) = (given_up, before.phase) {
            world.go_well(6);
            prop_assert_eq!(&world.progress.phase, &Phase::Failed { failure });
        }
    }

    /// Somebody else has deleted the user: every look finds nothing.
    #[test]
    fn a_cancellation_ends_even_if_the_user_is_gone(plan in plans()) {
        let mut world = plan.carried_out();
        let gone = Turn::look(Outcome::Absent { failure: failure(Code::GraphUserGone) });
        if world.put(Input::Ordered(Command::Cancel), 0.5).is_ok() {
            for _ in 0..2 * (world.policy.absence_looks + 1) {
                world.turn(&gone);
            }
            prop_assert_eq!(world.progress.status(), Status::Cancelled);
        }
    }

    #[test]
    fn what_has_ended_takes_no_input_but_healing_if_it_is_an_account(plan in plans()) {
        let world = plan.carried_out();
        if world.is_terminal() {
            let is_account = world.progress.status() == Status::Succeeded;
            for input in every_input(&world) {
                let heals = matches!(
                    input,
                    Input::Ordered(Command::Heal { to: State::Created | State::Propagated })
                );
                let taken = world.decide(input.clone(), 0.5).is_ok();
                prop_assert_eq!(taken, heals && is_account, "{:?}", input);
            }
        }
    }

    /// A blocked request gives its license back by itself, whether the user is there or not, and then rests; what was
    /// blocked only by the removal goes on.
    #[test]
    fn parking_gives_the_license_back(plan in plans(), gone in any::<bool>()) {
        let mut world = plan.carried_out();
        let before = world.progress.clone();
        if let Phase::Blocked { direction, failure: why, seat_due: Some(_) } = before.phase {
            let turn = if gone {
                Turn::look(Outcome::Absent { failure: failure(Code::GraphUserGone) })
            } else {
                Turn::good()
            };
            for _ in 0..=if gone { world.policy.absence_looks } else { 0 } {
                if world.progress.due_at().is_some() && world.progress.status() == Status::Blocked {
                    world.turn(&turn);
                }
            }
            prop_assert!(!world.facts.seat_held && !world.facts.license_may_be_held);
            let expected = match (direction, before.state) {
                (Direction::Forward, State::NonInteractive) => (State::Unlicensed, Status::Active),
                (Direction::Forward, _) => (State::Created, Status::Blocked),
                (Direction::Cancelling | Direction::GivingUp, _) => (State::Created, Status::Active),
            };
            prop_assert_eq!((world.progress.state, world.progress.status()), expected);
            if let Phase::Blocked { failure, seat_due, .. } = &world.progress.phase {
                prop_assert_eq!(failure, &why, "the first reason stays");
                prop_assert_eq!(*seat_due, None);
            }
        }
    }

    /// Whatever the request has behind it, a write that certainly was not done costs nothing.
    #[test]
    fn throttling_gives_the_attempt_back(plan in plans(), asked in prop::option::of(0..2_000u64)) {
        let mut world = plan.carried_out();
        let budget = world.progress.trial.attempts;
        let active = matches!(world.progress.phase, Phase::Active { timer: Timer::At(_), .. });
        if active && !world.progress.paused {
            let before = world.progress.state;
            let outcome = Outcome::Throttled { retry_after: asked.map(Duration::from_secs) };
            let moment = world.turn(&Turn::of(outcome)).unwrap();
            if matches!(moment.input, Input::Reported { outcome: Outcome::Throttled { .. }, .. }) {
                prop_assert!(world.progress.trial.attempts <= budget);
                if before != State::Licensed {
                    prop_assert_eq!(world.progress.trial.attempts, budget);
                }
                prop_assert_eq!(moment.transition.seat, SeatEffect::Keep);
                let due = world.progress.due_at().unwrap();
                prop_assert!(due >= world.now + world.policy.retry_after_min);
                prop_assert!(due <= world.now + world.policy.retry_after_max);
            }
        }
    }
}
