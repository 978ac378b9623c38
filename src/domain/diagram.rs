//! The machine's diagram, drawn from the machine itself; `docs/machine.md` holds it and a test compares the two.

use super::{
    Code, Command, Direction, Facts, Failure, Input, Instant, Outcome, Phase, Policy, Progress, State,
    Status, Subject, Timer, decide, step_of,
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
    // Elsewhere what a blocked request gives back leads it to no other state.
    if (State::Licensed..=State::NonInteractive).contains(&state) {
        phases.push(Phase::Blocked { direction: Direction::Forward, failure, seat_due: Some(now) });
    }
    let mut found = Vec::new();
    for phase in phases {
        for (slot_held, propagated_once) in [(false, false), (true, false), (true, true)] {
            let licensed = (State::Licensed..State::Unlicensed).contains(&state);
            let facts = Facts {
                slot_held,
                user_may_exist: true,
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
    let next = advanced(&situation.progress, situation.facts)?;
    let label = match &situation.progress.phase {
        Phase::Active { direction: Direction::Forward, .. } => step.to_string(),
        Phase::Active { direction, .. } => format!("{step} ({direction})"),
        Phase::Blocked { .. } => format!("{step} (parked)"),
        Phase::Succeeded | Phase::Failed { .. } | Phase::Cancelled => return None,
    };
    Some((place(&situation.progress), place(&next), label))
}

fn heal_arrow(to: State) -> Option<(String, String, String)> {
    let last = Progress { state: State::Unlicensed, ..Progress::fresh(Instant::UNIX_EPOCH) };
    let done = advanced(&last, Facts::default())?;
    let healed = put(&done, Facts::default(), Input::Ordered(Command::Heal { to }))?;
    Some((place(&done), place(&healed), "heal (ordered)".to_owned()))
}

/// What it comes to when its step works out.
fn advanced(progress: &Progress, facts: Facts) -> Option<Progress> {
    put(
        progress,
        facts,
        Input::Reported { outcome: Outcome::Advanced, looked_at: Instant::UNIX_EPOCH, begun: false },
    )
}

fn put(progress: &Progress, facts: Facts, input: Input) -> Option<Progress> {
    let subject = Subject { progress, facts };
    let transition = decide(&subject, input, &Policy::default(), Instant::UNIX_EPOCH, 0.0);
    transition.ok().map(|transition| transition.next)
}

fn place(progress: &Progress) -> String {
    match progress.status() {
        Status::Active | Status::Blocked => progress.state.to_string(),
        status @ (Status::Succeeded | Status::Failed | Status::Cancelled) => status.to_string(),
    }
}
