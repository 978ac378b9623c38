//! How a wait ended, and how that is reported.

use crate::app::views::{BatchProgress, Reason};
use crate::cli::args::Output;
use crate::cli::exit::Exit;
use crate::cli::output::{self, SCHEMA_VERSION};
use crate::cli::summary;
use crate::cli::terminal::Palette;
use crate::cli::trouble::Trouble;
use crate::domain::BatchId;
use serde::Serialize;
use serde_json::json;
use std::io::{BufWriter, Write};

/// How a wait ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(super) enum Verdict {
    /// Every request succeeded.
    Succeeded,
    /// All have settled, and some did not succeed.
    Partial,
    /// Some have not settled yet.
    TimedOut,
}

impl Verdict {
    pub(super) const fn exit(self) -> Exit {
        match self {
            Self::Succeeded => Exit::Ok,
            Self::Partial => Exit::Partial,
            Self::TimedOut => Exit::TimedOut,
        }
    }

    const fn as_str(self) -> &'static str {
        match self {
            Self::Succeeded => "succeeded",
            Self::Partial => "partial",
            Self::TimedOut => "timed_out",
        }
    }
}

/// Tells how it ended, and why what did not succeed did not.
pub(super) fn report(
    batch: Option<BatchId>,
    verdict: Verdict,
    progress: &BatchProgress,
    reasons: &[Reason],
    form: Output,
) -> Result<(), Trouble> {
    let mut out = BufWriter::new(std::io::stdout());
    let palette = Palette::of_stdout();
    match form {
        Output::Table => {
            let counted = summary::statuses(progress, palette);
            match verdict {
                Verdict::TimedOut => writeln!(
                    out,
                    "The time is over: {} of {} requests have settled ({counted}). A daemon goes on with the others.",
                    progress.settled, progress.requests
                )?,
                Verdict::Succeeded | Verdict::Partial if progress.requests == 0 => {
                    writeln!(out, "There is nothing to wait for.")?;
                }
                Verdict::Succeeded | Verdict::Partial => {
                    let noun = if progress.requests == 1 { "request" } else { "requests" };
                    writeln!(out, "{} {noun}: {counted}.", progress.requests)?;
                }
            }
            output::page(&mut out, summary::reasons(reasons, batch, palette))?;
        }
        Output::Csv => {
            let header =
                ["batch", "verdict", "requests", "active", "blocked", "succeeded", "failed", "cancelled"];
            let by = &progress.by_status;
            let row = [
                batch.map(|batch| batch.to_string()).unwrap_or_default(),
                verdict.as_str().to_owned(),
                progress.requests.to_string(),
                by.active.to_string(),
                by.blocked.to_string(),
                by.succeeded.to_string(),
                by.failed.to_string(),
                by.cancelled.to_string(),
            ];
            output::csv(&mut out, header, [row])?;
        }
        Output::Json | Output::Jsonl | Output::Yaml => {
            let mut value = json!({
                "schema_version": SCHEMA_VERSION,
                "verdict": verdict,
                "progress": progress,
                "reasons": reasons,
            });
            if let Some(batch) = batch {
                value["batch"] = json!(batch);
            }
            output::document(&mut out, form, value)?;
        }
    }
    Ok(out.flush()?)
}
