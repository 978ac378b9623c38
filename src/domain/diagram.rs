//! The machine's diagram, drawn from the machine itself; `docs/machine.md` holds it and a test compares the two.

use super::{
    Code, Command, Direction, Facts, Failure, Input, Instant, Outcome, Phase, Policy, Progress, State,
    Status, Step, Subject, Timer, decide, step_of,
};
use std::collections::BTreeSet;
use std::fmt::Write;

/// The arrows of the machine as a Mermaid state diagram: every step that can work out, from every situation it can
/// work out in, and where a person can have a finished account healed from.
pub fn diagram() -> String {
    let mut arrows = BTreeSet::new();
    for &state in State::ALL {
        for situation in situations(state) {
            arrows.extend(arrow(&situation));
        }
        arrows.extend(heal_arrow(state));
    }
    let mut text = String::from("stateDiagram-v2\n    [*] --> requested\n");
    for (from, to, label) in arrows {
        let _ = writeln!(text, "    {from} --> {to}: {label}");
    }
    text
}

struct Situation {
    progress: Progress,
    facts: Facts,
}

fn situations(state: State) -> Vec<Situation> {
    let now = Instant::UNIX_EPOCH;
    let failure = Failure::new(Code::MachineAttemptsExhausted, "");
    let mut phases: Vec<Phase> = [Direction::Forward, Direction::Cancelling, Direction::GivingUp]
        .into_iter()
        .map(|direction| Phase::Active { direction, timer: Timer::At(now) })
        .collect();
    // Elsewhere a blocked request has nothing to give back.
    if (State::Created..=State::NonInteractive).contains(&state) {
        phases.push(Phase::Blocked { direction: Direction::Forward, failure, seat_due: Some(now) });
    }
    let mut found = Vec::new();
    for phase in phases {
        for (slot_held, propagated_once) in [(false, false), (true, false), (true, true)] {
            let licensed = (State::Licensed..State::Unlicensed).contains(&state);
            let facts = Facts {
                slot_held,
                user_may_exist: state >= State::Created,
                adopted: false,
                seat_held: licensed,
                license_may_be_held: licensed,
                propagated_once,
            };
            found.push(Situation {
                progress: Progress { state, phase: phase.clone(), ..Progress::fresh(now) },
                facts,
            });
        }
    }
    found
}

fn arrow(situation: &Situation) -> Option<(String, String, String)> {
    let step = step_of(&situation.progress, situation.facts)?;
    if step == Step::RemoveLicense
        && !situation.facts.license_may_be_held
        && situation.progress.state < State::Licensed
    {
        return None;
    }
    let now = Instant::UNIX_EPOCH;
    let subject = Subject { progress: &situation.progress, facts: situation.facts };
    let input = Input::Reported { outcome: Outcome::Advanced, looked_at: now };
    let transition = decide(&subject, input, &Policy::default(), now, 0.0).ok()?;
    let from = place(&situation.progress);
    let to = place(&transition.next);
    let label = match &situation.progress.phase {
        Phase::Active { direction: Direction::Forward, .. } => step.to_string(),
        Phase::Active { direction, .. } => format!("{step} ({direction})"),
        Phase::Blocked { .. } => format!("{step} (parked)"),
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => return None,
    };
    Some((from, to, label))
}

fn heal_arrow(to: State) -> Option<(String, String, String)> {
    let now = Instant::UNIX_EPOCH;
    let done = Progress { state: State::Unlicensed, phase: Phase::Succeeded, ..Progress::fresh(now) };
    let facts = Facts { slot_held: true, user_may_exist: true, propagated_once: true, ..Facts::default() };
    let input = Input::Ordered(Command::Heal { to });
    let transition = decide(&Subject { progress: &done, facts }, input, &Policy::default(), now, 0.0).ok()?;
    Some((place(&done), place(&transition.next), "heal (ordered)".to_owned()))
}

fn place(progress: &Progress) -> String {
    match progress.status() {
        Status::Active | Status::Blocked => progress.state.to_string(),
        status @ (Status::Succeeded | Status::Failed | Status::Cancelled) => status.to_string(),
    }
}
