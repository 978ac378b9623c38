//! What a run of many seeds has tried: each step, each of its calls, each answer, and who died where.

use crate::play::{Cell, Ending};
use std::collections::{BTreeMap, BTreeSet};
use std::fmt;

/// A step with the state and direction of its request, and one of its calls.
type Row = (String, String);

/// How often an answer came, and how often the worker died before it knew.
#[derive(Clone, Copy, Default)]
struct Answered {
    times: u64,
    deaths: u64,
}

/// One row of the table.
#[derive(Default)]
struct Tried {
    deaths_before: u64,
    answers: BTreeMap<String, Answered>,
}

/// The table.
#[derive(Default)]
pub(crate) struct Coverage {
    rows: BTreeMap<Row, Tried>,
}

impl Coverage {
    pub(crate) fn add(&mut self, endings: &[Ending]) {
        for (cell, times) in endings.iter().flat_map(|ending| &ending.cells) {
            self.enter(cell, *times);
        }
    }

    fn enter(&mut self, cell: &Cell, times: u64) {
        let tried = self.rows.entry((cell.work.clone(), cell.call.clone())).or_default();
        match (cell.death, cell.answer.is_empty()) {
            ("dies before", _) => tried.deaths_before += times,
            (_, true) => {}
            (death, false) => {
                let answered = tried.answers.entry(cell.answer.clone()).or_default();
                answered.times += times;
                answered.deaths += if death == "dies after" { times } else { 0 };
            }
        }
    }

    /// What was passed, and where nobody died.
    fn empty_cells(&self) -> BTreeSet<String> {
        let mut empty = BTreeSet::new();
        for ((work, call), tried) in &self.rows {
            if tried.deaths_before == 0 {
                empty.insert(format!("{work}: before `{call}`"));
            }
            let unharmed = tried.answers.iter().filter(|(_, answered)| answered.deaths == 0);
            empty.extend(unharmed.map(|(answer, _)| format!("{work}: after `{call}`, {answer}")));
        }
        empty
    }
}

impl fmt::Display for Coverage {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| step, state, direction | call | deaths before | answer: times, deaths after |")?;
        writeln!(f, "|---|---|---|---|")?;
        for ((work, call), tried) in &self.rows {
            let answers = tried
                .answers
                .iter()
                .map(|(answer, answered)| format!("{answer}: {}, {}", answered.times, answered.deaths))
                .collect::<Vec<_>>()
                .join("; ");
            writeln!(f, "| {work} | `{call}` | {} | {answers} |", tried.deaths_before)?;
        }
        writeln!(f, "\n## Empty cells\n\nWhat was passed, and where nobody died:\n")?;
        for cell in self.empty_cells() {
            writeln!(f, "- {cell}")?;
        }
        Ok(())
    }
}
