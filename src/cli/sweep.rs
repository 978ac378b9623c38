//! `seatless sweep`: looks now for what our writes may have left in the cloud, and says what it found.

use super::actor::at_the_prompt;
use super::args::{Output, SweepArgs};
use super::context::Context;
use super::exit::Exit;
use super::output;
use super::terminal::{Palette, visible};
use super::trouble::Trouble;
use crate::app::views::{FindingView, SweepView};
use crate::app::{places_for, sweeper_for};
use crate::domain::Instant;
use crate::http::Confirmation;
use crate::store::{FindingKind, SweepStanding};
use std::io::{BufRead, BufWriter, IsTerminal, Write};
use std::sync::Arc;

/// The columns in CSV: one finding a row.
const HEADER: [&str; 9] = [
    "tenant",
    "kind",
    "user_principal_name",
    "object_id",
    "license",
    "request",
    "code",
    "message",
    "found_at",
];

pub(super) async fn run(context: &Context, args: SweepArgs) -> Result<Exit, Trouble> {
    let mut standings = sweep(context, None).await?;
    if args.confirm {
        all_was_seen(context, &standings)?;
        let shown_at = standings.iter().map(|standing| standing.swept_at).max();
        let shown_at = shown_at.unwrap_or_else(|| context.clock.now());
        if !args.yes {
            ask(&standings)?;
        }
        standings = sweep(context, Some(shown_at)).await?;
    }
    let views: Vec<SweepView> = standings.iter().map(SweepView::from).collect();
    let mut out = BufWriter::new(std::io::stdout());
    match args.output {
        Output::Table => output::page(&mut out, lines(&views, Palette::of_stdout()))?,
        Output::Csv => output::csv(&mut out, HEADER, records(&views))?,
        Output::Json | Output::Jsonl | Output::Yaml => {
            let values = views.iter().map(output::value).collect::<Result<_, _>>()?;
            output::documents(&mut out, args.output, "sweeps", values)?;
        }
    }
    out.flush()?;
    Ok(exit_of(&views))
}

/// Through the daemon if one runs, else with the database's lock in our own hands.
async fn sweep(context: &Context, shown_at: Option<Instant>) -> Result<Vec<SweepStanding>, Trouble> {
    if let Some((daemon, _)) = context.daemon().await? {
        let confirmed = shown_at.map(|shown_at| Confirmation { by: at_the_prompt(), shown_at });
        return Ok(daemon.sweep(confirmed).await?);
    }
    context.settings.require_secrets()?;
    let store = context.owner_beside_no_daemon().await?;
    let places = places_for(&context.settings, &context.clock, &context.ids)?;
    let sweeper = sweeper_for(
        &context.settings,
        store.shared(),
        places,
        Arc::clone(&context.clock),
        Arc::clone(&context.ids),
    );
    let result = match shown_at {
        Some(shown_at) => sweeper.confirm(at_the_prompt(), shown_at).await,
        None => sweeper.sweep_now().await,
    };
    store.close().await?;
    Ok(result?)
}

/// What a tenant hides is not on the list, and could not be confirmed any more once the database is trusted.
fn all_was_seen(context: &Context, standings: &[SweepStanding]) -> Result<(), Trouble> {
    let named = |standing: &&SweepStanding| context.settings.tenants.contains_key(&standing.tenant);
    let Some((tenant, failure)) = standings
        .iter()
        .filter(named)
        .find_map(|standing| Some((&standing.tenant, standing.failure.as_ref()?)))
    else {
        return Ok(());
    };
    let sentence = format!("nothing was confirmed: not everything in {tenant} could be seen: {failure}");
    Err(Trouble::failure(sentence)
        .hint("repeat it when `seatless sweep` sees every tenant that the config names"))
}

/// Shows what a confirmation takes back, and asks for it once more.
fn ask(standings: &[SweepStanding]) -> Result<(), Trouble> {
    let views: Vec<SweepView> = standings.iter().map(SweepView::from).collect();
    let licenses =
        views.iter().flat_map(|view| &view.findings).filter(|finding| finding.license.is_some()).count();
    let mut err = std::io::stderr().lock();
    for line in lines(&views, Palette::of_stderr()) {
        writeln!(err, "{line}")?;
    }
    if !std::io::stdin().is_terminal() {
        return Err(Trouble::usage("nothing was confirmed: there is no terminal to ask at")
            .hint("look at the list above, then repeat the command with --yes"));
    }
    write!(err, "Take back the {licenses} licenses listed, and trust this database from now on? [y/N] ")?;
    err.flush()?;
    let mut answer = String::new();
    std::io::stdin().lock().read_line(&mut answer)?;
    if answer.trim().eq_ignore_ascii_case("y") || answer.trim().eq_ignore_ascii_case("yes") {
        return Ok(());
    }
    Err(Trouble::failure("nothing was confirmed"))
}

fn exit_of(views: &[SweepView]) -> Exit {
    if views.iter().any(|view| view.failure.is_some()) {
        Exit::Failure
    } else if views.iter().any(|view| !view.findings.is_empty()) {
        Exit::Drift
    } else {
        Exit::Ok
    }
}

fn lines(views: &[SweepView], palette: Palette) -> Vec<String> {
    if views.is_empty() {
        return vec!["No license was ever lent, so nothing can have been left.".to_owned()];
    }
    let mut lines = Vec::new();
    for view in views {
        let found = match view.findings.len() {
            0 if view.failure.is_some() => palette.bad().apply_to("nobody knows what is left".to_owned()),
            0 => palette.good().apply_to("nothing is left".to_owned()),
            1 => palette.bad().apply_to("1 finding".to_owned()),
            count => palette.bad().apply_to(format!("{count} findings")),
        };
        let tenant = palette.heading().apply_to(visible(&view.tenant));
        lines.push(format!(
            "{tenant}: {found}, swept {}, {} taken back by all sweeps so far",
            view.swept_at.to_the_second(),
            licenses(view.removed_total)
        ));
        if let Some(failure) = &view.failure {
            lines.push(format!(
                "  not everything could be seen: {}",
                palette.bad().apply_to(&failure.message)
            ));
            lines.push(format!("    {}", failure.hint));
        }
        for finding in &view.findings {
            lines.extend(finding_lines(finding, palette));
        }
    }
    lines
}

fn finding_lines(finding: &FindingView, palette: Palette) -> Vec<String> {
    let what = match (finding.kind, &finding.license) {
        (FindingKind::LicenseLeft | FindingKind::LicenseForeign, Some(license)) => format!("holds {license}"),
        (FindingKind::Orphan, Some(license)) => format!("is nobody's, and holds {license}"),
        (FindingKind::LicenseLeft | FindingKind::LicenseForeign, None) => "holds a license".to_owned(),
        (FindingKind::Orphan, None) => "is nobody's".to_owned(),
    };
    let name = palette.heading().apply_to(visible(&finding.user_principal_name));
    let mut lines = vec![
        format!("  {name} {what}, since {} or before", finding.found_at.to_the_second()),
        format!(
            "    {}: {}",
            finding.failure.code,
            palette.bad().apply_to(visible(&finding.failure.message))
        ),
        format!("    {}", finding.failure.hint),
    ];
    if let Some(request) = finding.request {
        lines.push(format!("    its history: seatless show {request}"));
    }
    lines
}

fn licenses(count: u64) -> String {
    if count == 1 { "1 license".to_owned() } else { format!("{count} licenses") }
}

fn records(views: &[SweepView]) -> Vec<[String; 9]> {
    views
        .iter()
        .flat_map(|view| view.findings.iter().map(move |finding| (view, finding)))
        .map(|(view, finding)| {
            [
                view.tenant.clone(),
                finding.kind.as_str().to_owned(),
                finding.user_principal_name.clone(),
                finding.object_id.to_string(),
                finding.license.clone().unwrap_or_default(),
                finding.request.map(|id| id.to_string()).unwrap_or_default(),
                finding.failure.code.to_string(),
                finding.failure.message.clone(),
                finding.found_at.to_string(),
            ]
        })
        .collect()
}
