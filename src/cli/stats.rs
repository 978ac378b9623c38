//! `seatless stats`: everything that is counted, at one look.

use super::args::Output;
use super::context::Context;
use super::exit::Exit;
use super::output::{self, SCHEMA_VERSION};
use super::read_args::StatsArgs;
use super::stats_page;
use super::terminal::{Palette, width_of_stdout};
use super::trouble::Trouble;
use crate::app::queries::stats;
use serde_json::Value;
use std::io::{BufWriter, Write};

pub(super) async fn run(context: &Context, args: StatsArgs) -> Result<Exit, Trouble> {
    let store = context.reader().await?;
    let now = context.clock.now();
    let stats = stats(&*store, &context.settings.policy, now).await?;
    let mut out = BufWriter::new(std::io::stdout());
    match args.output {
        Output::Table => {
            output::page(&mut out, stats_page::lines(&stats, now, Palette::of_stdout(), width_of_stdout()))?;
        }
        Output::Csv => output::csv(&mut out, stats_page::HEADER, stats_page::records(&stats))?,
        Output::Jsonl => {
            // Each line says which list it belongs to.
            if let Value::Object(sections) = output::value(&stats)? {
                for (section, values) in sections {
                    for mut value in values.as_array().cloned().unwrap_or_default() {
                        value["section"] = Value::String(section.clone());
                        output::document(&mut out, args.output, value)?;
                    }
                }
            }
        }
        Output::Json | Output::Yaml => {
            let mut value = output::value(&stats)?;
            value["schema_version"] = SCHEMA_VERSION.into();
            output::document(&mut out, args.output, value)?;
        }
    }
    out.flush()?;
    Ok(Exit::Ok)
}
