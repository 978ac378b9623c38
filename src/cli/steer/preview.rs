//! What an order would do, before it is given.

use super::super::context::Context;
use super::super::terminal::visible;
use super::super::trouble::Trouble;
use crate::app::refusal_of;
use crate::domain::{RequestId, State, Steering};
use crate::store::{Member, Seat};
use std::collections::{BTreeMap, HashSet};
use std::io::{BufRead, IsTerminal, Write};

/// How many requests are shown by name.
const SAMPLE: usize = 5;

/// What an order would do to requests as they are.
pub(super) struct Preview {
    pub(super) verb: Steering,
    /// Whom it is given for.
    pub(super) requests: Vec<RequestId>,
    sample: Vec<String>,
    by_state: BTreeMap<State, usize>,
    /// How many users of theirs hold a seat.
    pub(super) seats: usize,
    refused: BTreeMap<String, usize>,
}

impl Preview {
    /// Named requests belong to it even if it does not apply to them; then their refusal is told for each.
    pub(super) fn of(members: Vec<Member>, verb: Steering, context: &Context, named: bool) -> Self {
        let mut preview = Self {
            verb,
            requests: Vec::new(),
            sample: Vec::new(),
            by_state: BTreeMap::new(),
            seats: 0,
            refused: BTreeMap::new(),
        };
        let mut seated = HashSet::new();
        for member in members {
            let refusal = refusal_of(&member, verb, &context.settings.policy, &*context.clock);
            if let Some(why) = &refusal {
                *preview.refused.entry(why.clone()).or_default() += 1;
                if !named {
                    continue;
                }
            }
            let request = &member.request;
            preview.requests.push(request.id);
            *preview.by_state.entry(request.progress.state).or_default() += 1;
            if matches!(member.user.seat, Seat::Held { .. }) {
                seated.insert(member.user.id);
            }
            if preview.sample.len() < SAMPLE {
                let asked = &request.asked;
                let (state, status) = (request.progress.state, request.progress.status());
                let name = format!("{} in {}", asked.account.user_principal_name, asked.environment);
                preview.sample.push(format!("{}  {name}: {status} at {state}", request.id));
            }
        }
        preview.seats = seated.len();
        preview
    }

    /// Tells it on standard error.
    pub(super) fn show(&self, selection: &str) -> Result<(), Trouble> {
        let mut err = std::io::stderr().lock();
        writeln!(err, "{}: {} {}.", visible(selection), verb_of(self.verb), counted(self.requests.len()))?;
        let states: Vec<String> =
            self.by_state.iter().map(|(state, count)| format!("{count} at {state}")).collect();
        if !states.is_empty() {
            writeln!(err, "  {}", states.join(", "))?;
        }
        for line in &self.sample {
            writeln!(err, "  {}", visible(line))?;
        }
        if self.requests.len() > self.sample.len() {
            writeln!(err, "  and {} more", self.requests.len() - self.sample.len())?;
        }
        for (why, count) in &self.refused {
            writeln!(err, "  it does not apply to {count}: {why}")?;
        }
        if let Some(note) = seats_note(self.verb, self.seats) {
            writeln!(err, "  {note}")?;
        }
        Ok(())
    }
}

/// What a pause leaves in use.
pub(super) fn seats_note(verb: Steering, seats: usize) -> Option<String> {
    (verb == Steering::Pause && seats > 0).then(|| {
        let (held, keep) = if seats == 1 { ("1 seat is", "it") } else { ("", "them") };
        let held = if held.is_empty() { format!("{seats} seats are") } else { held.to_owned() };
        format!("{held} held by these users, and a pause keeps {keep}; deadlines go on counting")
    })
}

/// The order as a person says it.
pub(super) const fn verb_of(verb: Steering) -> &'static str {
    match verb {
        Steering::Pause => "pause",
        Steering::Resume => "resume",
        Steering::Retry => "retry",
        Steering::Cancel => "call off",
        Steering::CancelAndDelete => "call off, deleting the users of,",
    }
}

pub(super) fn counted(requests: usize) -> String {
    if requests == 1 { "1 request".to_owned() } else { format!("{requests} requests") }
}

/// Asks for it once more.
pub(super) fn ask(preview: &Preview) -> Result<(), Trouble> {
    if !std::io::stdin().is_terminal() {
        return Err(Trouble::usage("nothing was done: there is no terminal to ask at")
            .hint("look at the list above, then repeat the command with --yes"));
    }
    let mut err = std::io::stderr().lock();
    write!(err, "Really {} {}? [y/N] ", verb_of(preview.verb), counted(preview.requests.len()))?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    Err(Trouble::failure("nothing was done"))
}
