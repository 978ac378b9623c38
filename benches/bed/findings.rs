//! What a bench found: lines for people, one JSON line for machines, and gates.
#![expect(clippy::print_stdout, reason = "a bench prints what it finds")]
#![allow(dead_code, reason = "no bench says everything that could be said")]

use serde_json::{Map, Value};
use std::process::ExitCode;

/// The findings of one bench.
pub(crate) struct Findings {
    bench: &'static str,
    values: Map<String, Value>,
    missed: Vec<String>,
    goals_missed: Vec<String>,
}

impl Findings {
    /// No findings yet.
    pub(crate) fn of(bench: &'static str) -> Self {
        println!("# {bench}");
        Self { bench, values: Map::new(), missed: Vec::new(), goals_missed: Vec::new() }
    }

    /// Says something on the way.
    #[expect(clippy::unused_self, reason = "only who has findings speaks")]
    pub(crate) fn say(&self, text: &str) {
        println!("{text}");
    }

    /// Notes a number.
    pub(crate) fn note(&mut self, name: &str, value: f64, unit: &str) {
        println!("{name:<44} {value:>14.3} {unit}");
        self.values.insert(name.replace(' ', "_"), serde_json::json!({ "value": value, "unit": unit }));
    }

    /// Notes a number that must be at least so large.
    pub(crate) fn at_least(&mut self, name: &str, value: f64, bound: f64, unit: &str) {
        self.note(name, value, unit);
        self.judge(name, value >= bound, &format!("at least {bound}"));
    }

    /// Notes a number that must be at most so large.
    pub(crate) fn at_most(&mut self, name: &str, value: f64, bound: f64, unit: &str) {
        self.note(name, value, unit);
        self.judge(name, value <= bound, &format!("at most {bound}"));
    }

    /// Notes a number that should be at least so large; on a busy machine it may be missed without anybody's fault.
    pub(crate) fn goal(&mut self, name: &str, value: f64, goal: f64, unit: &str) {
        self.note(name, value, unit);
        let reached = value >= goal;
        println!("{:<44} goal {goal}: {}", "", if reached { "reached" } else { "missed" });
        if !reached {
            self.goals_missed.push(format!("{name}: at least {goal}"));
        }
    }

    /// The same for a number that should be at most so large.
    pub(crate) fn goal_at_most(&mut self, name: &str, value: f64, goal: f64, unit: &str) {
        self.note(name, value, unit);
        let reached = value <= goal;
        println!("{:<44} goal at most {goal}: {}", "", if reached { "reached" } else { "missed" });
        if !reached {
            self.goals_missed.push(format!("{name}: at most {goal}"));
        }
    }

    fn judge(&mut self, name: &str, holds: bool, bound: &str) {
        println!("{:<44} {bound}: {}", "", if holds { "holds" } else { "MISSED" });
        if !holds {
            self.missed.push(format!("{name}: {bound}"));
        }
    }

    /// Prints the line for machines; fails if a gate was missed.
    pub(crate) fn end(self) -> ExitCode {
        let line = serde_json::json!({ "bench": self.bench, "values": self.values, "missed": self.missed, "goals_missed": self.goals_missed });
        println!("{line}");
        if self.missed.is_empty() { ExitCode::SUCCESS } else { ExitCode::FAILURE }
    }
}

/// The middle one.
pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}
