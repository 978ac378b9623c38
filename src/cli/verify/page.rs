//! What the looks came to, in each form.

use super::super::args::Output;
use super::super::output;
use super::super::terminal::{Palette, visible};
use super::super::trouble::Trouble;
use super::verified::Verified;
use crate::app::views::{Verdict, who_can};
use std::io::Write;

const HEADER: [&str; 11] = [
    "id",
    "tenant",
    "environment",
    "user_principal_name",
    "verdict",
    "code",
    "message",
    "hint",
    "who",
    "heals_from",
    "healing",
];

pub(super) fn print(out: &mut impl Write, form: Output, accounts: &[Verified]) -> Result<(), Trouble> {
    match form {
        Output::Table => output::page(out, lines(accounts, Palette::of_stdout()))?,
        Output::Csv => output::csv(out, HEADER, accounts.iter().flat_map(records))?,
        Output::Json | Output::Jsonl | Output::Yaml => {
            let values = accounts.iter().map(output::value).collect::<Result<_, _>>()?;
            output::documents(out, form, "accounts", values)?;
        }
    }
    Ok(out.flush()?)
}

/// The accounts that somebody should know about, and how many are well.
fn lines(accounts: &[Verified], palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    for account in accounts.iter().filter(|account| account.verdict != Verdict::Healthy) {
        let title = format!("{} in {}", account.user_principal_name, account.environment);
        lines.push(palette.heading().apply_to(visible(&title)).to_string());
        for drift in &account.drifts {
            let code = palette.bad().apply_to(drift.code.as_str());
            lines.push(format!("  {code}: {}", visible(&drift.message)));
            if !account.healing {
                lines.push(format!("    To do ({}): {}", who_can(drift.who), drift.hint));
            }
        }
        if let Some(failure) = &account.failure {
            let code = palette.slow().apply_to(failure.code.as_str());
            lines.push(format!("  could not be looked at, {code}: {}", visible(&failure.message)));
            lines.push(format!("    To do ({}): {}", who_can(failure.code.row().who), failure.hint));
        }
        match account.heals_from.filter(|_| account.healing) {
            Some(state) => lines.push(format!("  It is being brought back, from {state} on.")),
            None if account.heals_from.is_none() && account.verdict == Verdict::Drifted => {
                lines.push("  --heal leaves it alone until a person has done so.".to_owned());
            }
            None => {}
        }
    }
    lines.push(summary(accounts));
    lines
}

fn summary(accounts: &[Verified]) -> String {
    let count = |verdict| accounts.iter().filter(|account| account.verdict == verdict).count();
    format!(
        "{} looked at: {} as delivered, {} drifted, {} could not be seen.",
        accounts.len(),
        count(Verdict::Healthy),
        count(Verdict::Drifted),
        count(Verdict::Unseen)
    )
}

/// One row for each drift; one for an account without any.
fn records(account: &Verified) -> Vec<[String; 11]> {
    let row = |told: [String; 4], heals_from: String| {
        let [code, message, hint, who] = told;
        [
            account.id.to_string(),
            account.tenant.clone(),
            account.environment.clone(),
            account.user_principal_name.clone(),
            verdict_word(account.verdict).to_owned(),
            code,
            message,
            hint,
            who,
            heals_from,
            account.healing.to_string(),
        ]
    };
    if let Some(failure) = &account.failure {
        let who = who_can(failure.code.row().who).to_owned();
        let told = [failure.code.to_string(), failure.message.clone(), failure.hint.to_owned(), who];
        return vec![row(told, String::new())];
    }
    if account.drifts.is_empty() {
        return vec![row(Default::default(), String::new())];
    }
    let of_drift = account.drifts.iter().map(|drift| {
        let who = who_can(drift.who).to_owned();
        let told = [drift.code.to_string(), drift.message.clone(), drift.hint.to_owned(), who];
        row(told, drift.heals_from.map(|state| state.to_string()).unwrap_or_default())
    });
    of_drift.collect()
}

const fn verdict_word(verdict: Verdict) -> &'static str {
    match verdict {
        Verdict::Healthy => "healthy",
        Verdict::Drifted => "drifted",
        Verdict::Unseen => "unseen",
    }
}
