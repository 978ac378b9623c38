//! `seatless submit`: a list in, a batch out; refused as a whole or accepted as a whole.

use super::actor::at_the_prompt;
use super::args::{InputFormat, Output, SubmitArgs};
use super::context::Context;
use super::exit::Exit;
use super::output;
use super::trouble::Trouble;
use crate::app::intake::{COLUMNS, Format, Requests, read};
use crate::app::{IntakeTarget, StoreIntake, Submission, Submitted, submit};
use crate::domain::BatchId;
use crate::http::DaemonClient;
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};
use serde_json::json;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{BufReader, Read, Write};
use std::sync::Arc;
use std::time::Duration;

pub(super) async fn run(context: &Context, args: SubmitArgs) -> Result<Exit, Trouble> {
    let daemon = context.daemon().await?.map(|(client, _)| client);
    let runs = daemon.is_some() || context.server().is_some();
    let submitted = take_in(context, daemon, &args).await?;
    report(&submitted, args.output, runs)?;
    if !args.wait {
        return Ok(Exit::Ok);
    }
    if !runs {
        writeln!(
            std::io::stderr().lock(),
            "No daemon runs on {}, so nothing moves yet; start one with `seatless run`. Waiting.",
            context.settings.store.url
        )?;
    }
    // Requests of the list that were submitted before are waited for with the batches they came in.
    let batches: Vec<BatchId> =
        submitted.batch.iter().map(|batch| batch.id).chain(submitted.earlier.iter().copied()).collect();
    super::wait::for_batches(context, &batches, args.timeout, args.output).await
}

/// Through the daemon if one runs, else with the database's lock in our own hands.
async fn take_in(
    context: &Context,
    daemon: Option<DaemonClient>,
    args: &SubmitArgs,
) -> Result<Submitted, Trouble> {
    let name = if args.file.as_os_str() == "-" {
        "standard input".to_owned()
    } else {
        args.file.display().to_string()
    };
    let source = open(args, &name)?;
    let named = args.format.map(Format::from);
    let format = if args.file.as_os_str() == "-" { named } else { Format::detect(&args.file, named) };
    let rows = read(source, format, &name, &context.settings);
    match daemon {
        Some(daemon) => send(context, &daemon, &name, rows).await,
        None => {
            let store = context.owner_beside_no_daemon().await?;
            let intake = StoreIntake {
                store: store.shared(),
                clock: Arc::clone(&context.clock),
                ids: Arc::clone(&context.ids),
            };
            let submitted = send(context, &intake, &name, rows).await;
            drop(intake);
            store.close().await?;
            submitted
        }
    }
}

fn open(args: &SubmitArgs, name: &str) -> Result<Box<dyn Read>, Trouble> {
    if args.file.as_os_str() == "-" {
        return Ok(Box::new(std::io::stdin().lock()));
    }
    if args.file.is_dir() {
        return Err(Trouble::usage(format!("{name} is a folder, not a list of requests")));
    }
    let file = File::open(&args.file).map_err(|error| {
        Trouble::usage(format!("{name} cannot be read: {error}")).hint("name a file, or - for standard input")
    })?;
    Ok(Box::new(BufReader::with_capacity(1 << 16, file)))
}

async fn send(
    context: &Context,
    target: &dyn IntakeTarget,
    source: &str,
    rows: Requests<'_>,
) -> Result<Submitted, Trouble> {
    let bar = ProgressBar::with_draw_target(None, ProgressDrawTarget::stderr());
    bar.set_style(
        ProgressStyle::with_template("{spinner} {msg} {human_pos} requests ({per_sec})")
            .unwrap_or_else(|_| ProgressStyle::default_spinner()),
    );
    bar.set_message("reading");
    let progress = |read: u64| bar.set_position(read);
    let submission = Submission {
        source,
        actor: at_the_prompt(),
        batch: BatchId(context.ids.fresh()),
        progress: &progress,
    };
    let submitted = submit(target, submission, rows).await;
    bar.finish_and_clear();
    Ok(submitted?)
}

fn report(submitted: &Submitted, form: Output, daemon_runs: bool) -> Result<(), Trouble> {
    let mut out = std::io::stdout().lock();
    let batch = submitted.batch.as_ref();
    match form {
        Output::Table => {
            let (added, existing) = (submitted.added, submitted.existing);
            match batch {
                None => writeln!(out, "Nothing new: {} submitted before.", counted(existing, "was", "were"))?,
                Some(batch) => {
                    let before = if existing > 0 {
                        format!(
                            "; {existing} more {} submitted before",
                            if existing == 1 { "was" } else { "were" }
                        )
                    } else {
                        String::new()
                    };
                    let requests = if added == 1 { "request" } else { "requests" };
                    writeln!(out, "Submitted {added} {requests} as batch {}{before}.", batch.id)?;
                    let hint = if daemon_runs { "seatless watch" } else { "seatless run" };
                    let what = if daemon_runs { "Follow it with" } else { "No daemon runs; start one with" };
                    writeln!(std::io::stderr().lock(), "{what} `{hint}`.")?;
                }
            }
        }
        Output::Csv => {
            writeln!(out, "batch,added,existing")?;
            let id = batch.map(|batch| batch.id.to_string()).unwrap_or_default();
            writeln!(out, "{id},{},{}", submitted.added, submitted.existing)?;
        }
        Output::Json | Output::Jsonl | Output::Yaml => {
            let mut value = json!({
                "schema_version": output::SCHEMA_VERSION,
                "added": submitted.added,
                "existing": submitted.existing,
            });
            if !submitted.earlier.is_empty() {
                value["earlier_batches"] = json!(submitted.earlier);
            }
            if let Some(batch) = batch {
                value["batch"] = json!(batch.id);
            }
            output::document(&mut out, form, value)?;
        }
    }
    Ok(())
}

/// "the 1 request was", "all 60 requests were".
fn counted(requests: u64, one: &str, many: &str) -> String {
    if requests == 1 { format!("the 1 request {one}") } else { format!("all {requests} requests {many}") }
}

impl From<InputFormat> for Format {
    fn from(format: InputFormat) -> Self {
        match format {
            InputFormat::Csv => Self::Csv,
            InputFormat::Json => Self::Json,
            InputFormat::Jsonl => Self::JsonLines,
            InputFormat::Yaml => Self::Yaml,
        }
    }
}

/// The columns of a list, for `--help`.
pub(super) fn columns_help() -> String {
    let mut text = String::from("Columns (any order; keys of the same names in JSON and YAML):\n");
    let width = COLUMNS.iter().map(|row| row.name.len()).max().unwrap_or(0);
    for row in COLUMNS {
        let mark = if row.required { "*" } else { " " };
        let _ = writeln!(text, "  {:width$} {mark} {}", row.name, row.description);
    }
    text.push_str("* required; the others have defaults in the config or may be absent.");
    text
}

/// A duration as people type it: a number and s, m, h or d.
pub(super) fn duration(text: &str) -> Result<Duration, String> {
    let wrong = || format!("{text:?} is no duration; write a number and a unit, such as 90s, 15m, 2h or 1d");
    let split = text.find(|c: char| c.is_ascii_alphabetic()).ok_or_else(wrong)?;
    let (number, unit) = text.split_at(split);
    let seconds = match unit {
        "ms" => 0.001,
        "s" => 1.0,
        "m" | "min" => 60.0,
        "h" => 3_600.0,
        "d" => 86_400.0,
        _ => return Err(wrong()),
    };
    let number: f64 = number.trim().parse().map_err(|_| wrong())?;
    Duration::try_from_secs_f64(number * seconds).map_err(|_| wrong())
}
