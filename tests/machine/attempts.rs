//! What an attempt costs, and what its own call tells.

use crate::rules::{absent, ambiguous, behind, blocked, seated, transient};
use crate::world::{Turn, World, failure};
use seatless::domain::{Charge, Code, Outcome, Phase, State, budget_spent};
use std::time::Duration;

/// By this the sweep knows which assignment cannot take effect any more.
#[test]
fn an_assignment_is_resolved_by_its_own_call_alone_and_only_if_that_could_tell() {
    let told = [
        Outcome::Advanced,
        Outcome::NotYet { wait: Duration::from_secs(1), because: None },
        Outcome::Throttled { retry_after: None },
        transient(Charge::Member),
        absent(),
        blocked(Code::GraphPermissionMissing),
        behind(State::Created),
        Outcome::NoSeat { failure: failure(Code::GraphNoSeat) },
    ];
    for outcome in told {
        let moment = seated().turn(&Turn::of(outcome.clone())).unwrap();
        let sent = moment.before.trial.intent.expect("it was recorded");
        assert_eq!(moment.transition.resolved, Some(sent.id), "{outcome:?}");

        let mut world = seated();
        let moment = world.turn(&Turn::of(ambiguous())).unwrap();
        assert_eq!(moment.transition.resolved, None, "nobody knows");
        let later = world.turn(&Turn::look(outcome.clone())).unwrap();
        assert!(later.before.trial.intent.is_some());
        assert_eq!(later.transition.resolved, None, "a later look says nothing of it: {outcome:?}");

        let other = World::at(State::Propagated).turn(&Turn::of(outcome.clone())).unwrap();
        assert!(other.before.trial.intent.is_some());
        assert_eq!(other.transition.resolved, None, "that is no assignment: {outcome:?}");
    }
}

#[test]
fn what_failed_costs_one_attempt_whether_it_wrote_or_only_looked() {
    let mut world = World::at(State::Propagated);
    for (attempts, turn) in (1..).zip([Turn::of, Turn::look, Turn::look, Turn::of]) {
        world.turn(&turn(transient(Charge::Member)));
        assert_eq!(world.progress.trial.attempts, attempts);
    }
}

#[test]
fn what_was_tried_too_often_is_found_at_microsoft_under_its_last_call() {
    let last = failure(Code::RemoteUnavailable).seen_as(["the-last-call".to_owned()]);
    let mut world = World::at(State::Propagated);
    let outcome = Outcome::Transient { failure: last.clone(), charge: Charge::Member };
    world.policy.attempts_max = 2;
    world.turn(&Turn::of(outcome.clone()));
    assert_eq!(budget_spent(&world.progress, &world.policy), None);
    world.turn(&Turn::of(outcome));
    let Phase::Blocked { failure, .. } = &world.progress.phase else { panic!("{world:#?}") };
    assert_eq!(failure.code, Code::MachineAttemptsExhausted);
    assert_eq!(failure.message, format!("Last, {}: {last}", last.code));
    assert_eq!(failure.remote_request_ids, last.remote_request_ids);
}
