//! The demo's verification: asks the simulated cloud, not our database, how each request ended.

use super::expectation::Expectation;
use crate::domain::Status;
use crate::store::Member;
use comfy_table::{Cell, Color, ContentArrangement, Table, presets};
use serde_json::Value;
use std::collections::{BTreeMap, HashMap};

/// What the cloud shows beside what was expected.
pub(super) struct Verdict {
    environments: BTreeMap<String, Tally>,
    /// What is not as it must be, in plain words.
    pub(super) wrong: Vec<String>,
}

#[derive(Default)]
struct Tally {
    asked: u32,
    accounts: u32,
    blocked: Vec<String>,
    wrong: u32,
}

impl Verdict {
    /// Compares the simulator's state with what every request must have come to, and our records with both.
    pub(super) fn reach(expectations: &[Expectation], cloud: &Value, records: &[Member]) -> Self {
        let mut verdict = Self { environments: BTreeMap::new(), wrong: Vec::new() };
        let seen = Seen::read(cloud);
        let records: HashMap<(String, String), &Member> = records
            .iter()
            .map(|member| {
                let asked = &member.request.asked;
                ((asked.account.user_principal_name.to_string(), asked.environment.clone()), member)
            })
            .collect();
        for expectation in expectations {
            let record = records.get(&(expectation.name.clone(), expectation.environment.clone())).copied();
            let faults = match &expectation.code {
                None => seen.account_faults(expectation, record),
                Some(code) => seen.blocked_faults(expectation, code, record),
            };
            let tally = verdict.environments.entry(expectation.environment.clone()).or_default();
            tally.asked += 1;
            tally.wrong += u32::from(!faults.is_empty());
            match &expectation.code {
                None if faults.is_empty() => tally.accounts += 1,
                Some(code) if faults.is_empty() => tally.blocked.push(code.clone()),
                None | Some(_) => {}
            }
            let subject = format!("{} in {}", expectation.name, expectation.environment);
            verdict.wrong.extend(faults.into_iter().map(|fault| format!("{subject}: {fault}")));
        }
        verdict.wrong.extend(seen.general_faults());
        verdict
    }

    /// The table of environments.
    pub(super) fn table(&self, colors: bool) -> Table {
        let mut table = Table::new();
        table.load_style(presets::UTF8_HORIZONTAL_ONLY).set_content_arrangement(ContentArrangement::Dynamic);
        table.set_header([
            "environment",
            "asked",
            "accounts the cloud shows",
            "blocked, as they must be",
            "",
        ]);
        for (name, tally) in &self.environments {
            let (mark, color) = if tally.wrong == 0 { ("ok", Color::Green) } else { ("WRONG", Color::Red) };
            let mark = if colors { Cell::new(mark).fg(color) } else { Cell::new(mark) };
            table.add_row([
                Cell::new(name),
                Cell::new(tally.asked),
                Cell::new(tally.accounts),
                Cell::new(tally.blocked.join(", ")),
                mark,
            ]);
        }
        table
    }

    /// How many accounts the cloud shows as they were asked for.
    pub(super) fn accounts(&self) -> u32 {
        self.environments.values().map(|tally| tally.accounts).sum()
    }

    /// How many requests are blocked as they must be.
    pub(super) fn blocked(&self) -> usize {
        self.environments.values().map(|tally| tally.blocked.len()).sum()
    }
}

/// The simulator's state, by name.
struct Seen<'a> {
    users: HashMap<String, Vec<&'a Value>>,
    rows: HashMap<&'a str, &'a Vec<Value>>,
    cloud: &'a Value,
}

impl<'a> Seen<'a> {
    fn read(cloud: &'a Value) -> Self {
        let mut seen = Self { users: HashMap::new(), rows: HashMap::new(), cloud };
        for tenant in list(&cloud["tenants"]) {
            for user in list(&tenant["users"]).filter(|user| user["deleted"] != true) {
                let name = text(&user["user_principal_name"]).to_lowercase();
                seen.users.entry(name).or_default().push(user);
            }
            for environment in list(&tenant["environments"]) {
                if let Some(rows) = environment["rows"].as_array() {
                    seen.rows.insert(text(&environment["name"]), rows);
                }
            }
        }
        seen
    }

    fn account_faults(&self, expectation: &Expectation, record: Option<&Member>) -> Vec<String> {
        let mut faults = Vec::new();
        if record.map(|member| member.request.progress.status()) != Some(Status::Succeeded) {
            faults.push("our record does not say that it succeeded".to_owned());
        }
        let [user] = self.users.get(&expectation.name).map_or(&[][..], Vec::as_slice) else {
            faults.push("the directory does not hold exactly one such user".to_owned());
            return faults;
        };
        if user["account_enabled"] != true {
            faults.push("the user is not enabled".to_owned());
        }
        if list(&user["licenses"]).next().is_some() {
            faults.push("a license is left on the user".to_owned());
        }
        let rows = self.rows.get(expectation.environment.as_str()).copied();
        let row = rows.into_iter().flatten().find(|row| row["azureactivedirectoryobjectid"] == user["id"]);
        let Some(row) = row else {
            faults.push("the environment has no row for it".to_owned());
            return faults;
        };
        if row["accessmode"] != 4 {
            faults.push(format!("its access mode is {}", row["accessmode"]));
        }
        if row["isdisabled"] != false {
            faults.push("its row is disabled".to_owned());
        }
        for role in &expectation.roles {
            if !list(&row["roles"]).any(|held| text(held).eq_ignore_ascii_case(role)) {
                faults.push(format!("it lacks the role {role}"));
            }
        }
        faults
    }

    fn blocked_faults(&self, expectation: &Expectation, code: &str, record: Option<&Member>) -> Vec<String> {
        let mut faults = Vec::new();
        let blocked_by = record.and_then(|member| match &member.request.progress.phase {
            crate::domain::Phase::Blocked { failure, .. } => Some(failure.code.as_str()),
            _ => None,
        });
        if blocked_by != Some(code) {
            faults.push(format!(
                "our record says {}, not blocked by {code}",
                blocked_by.unwrap_or("something else")
            ));
        }
        for user in self.users.get(&expectation.name).into_iter().flatten() {
            if list(&user["licenses"]).next().is_some() {
                faults.push("a license is left on the user".to_owned());
            }
            if user["foreign"] == true && !user["marker"].is_null() {
                faults.push("somebody else's user was changed".to_owned());
            }
            let rows = self.rows.get(expectation.environment.as_str()).copied();
            if rows
                .into_iter()
                .flatten()
                .any(|row| row["azureactivedirectoryobjectid"] == user["id"] && row["accessmode"] == 4)
            {
                faults.push("it is non-interactive in the environment all the same".to_owned());
            }
        }
        faults
    }

    /// What no list of requests explains: oversold seats or slots, a user made twice, a license of ours that is left.
    fn general_faults(&self) -> Vec<String> {
        let mut faults: Vec<String> = list(&self.cloud["violations"])
            .map(|violation| format!("the simulator saw {violation}"))
            .collect();
        for tenant in list(&self.cloud["tenants"]) {
            for sku in list(&tenant["skus"]) {
                if sku["consumed"].as_u64() > sku["used_by_others"].as_u64() {
                    let (name, sku) = (text(&tenant["name"]), text(&sku["part_number"]));
                    faults.push(format!("{name} has fewer free units of {sku} than before"));
                }
            }
        }
        faults
    }
}

fn list(value: &Value) -> impl Iterator<Item = &Value> {
    value.as_array().into_iter().flatten()
}

fn text(value: &Value) -> &str {
    value.as_str().unwrap_or_default()
}
