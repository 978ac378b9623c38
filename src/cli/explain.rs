//! `seatless explain`: what a code means, and what to do about it.

use super::args::Output;
use super::exit::Exit;
use super::output::{self, SCHEMA_VERSION};
use super::read_args::ExplainArgs;
use super::terminal::{Cell, Column, Grid, Palette, width_of_stdout};
use super::trouble::Trouble;
use crate::app::views::{AnswerView, Explained, Explanation, explain, explain_all, who_can};
use std::io::{BufWriter, Write};

/// The columns in CSV.
const HEADER: [&str; 5] = ["code", "message", "hint", "who", "retryable"];

pub(super) fn run(args: &ExplainArgs) -> Result<Exit, Trouble> {
    let explained = match &args.code {
        None => explain_all(),
        Some(text) => explain(text).map_err(|near| unknown(text, &near))?,
    };
    let palette = Palette::of_stdout();
    let mut out = BufWriter::new(std::io::stdout());
    match args.output {
        Output::Table if args.code.is_none() => list(&mut out, &explained.codes, palette)?,
        Output::Table => output::page(&mut out, lines(&explained, palette))?,
        Output::Csv => output::csv(&mut out, HEADER, explained.codes.iter().map(record))?,
        Output::Jsonl => {
            for code in &explained.codes {
                output::document(&mut out, args.output, output::value(code)?)?;
            }
        }
        Output::Json | Output::Yaml => {
            let mut value = output::value(&explained)?;
            value["schema_version"] = SCHEMA_VERSION.into();
            output::document(&mut out, args.output, value)?;
        }
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn unknown(text: &str, near: &[&str]) -> Trouble {
    let trouble = Trouble::usage(format!("no failure is called {text:?}"));
    match near {
        [] => trouble.hint("`seatless explain` alone lists all codes"),
        near => trouble.hint(format!("did you mean {}?", near.join(" or "))),
    }
}

fn list(out: &mut impl Write, codes: &[Explanation], palette: Palette) -> Result<(), Trouble> {
    let mut grid = Grid::new([Column::keep("CODE"), Column::cut("WHAT HAPPENED", 24)], palette.heading());
    for code in codes {
        grid.row(vec![
            Cell::new(code.code.as_str(), palette.plain()),
            Cell::new(code.message, palette.plain()),
        ]);
    }
    Ok(grid.write(out, width_of_stdout())?)
}

fn record(code: &Explanation) -> [String; 5] {
    let Explanation { code, message, hint, who, retryable } = code;
    [
        code.to_string(),
        (*message).to_owned(),
        (*hint).to_owned(),
        who_can(*who).to_owned(),
        retryable.to_string(),
    ]
}

fn lines(explained: &Explained, palette: Palette) -> Vec<String> {
    let mut lines = Vec::new();
    for code in &explained.codes {
        lines.push(palette.heading().apply_to(code.code).to_string());
        lines.push(format!("  {}", code.message));
        lines.push(format!("  To do ({}): {}", who_can(code.who), code.hint));
        let again = if code.retryable {
            "Seatless tries again by itself."
        } else {
            "It is not tried again by itself."
        };
        lines.push(format!("  {again}"));
    }
    if !explained.answers.is_empty() {
        lines.push(String::new());
        lines.push(palette.heading().apply_to("Answers that mean this:").to_string());
        for answer in &explained.answers {
            lines.extend(told(answer, palette));
        }
    }
    lines
}

fn told(answer: &AnswerView, palette: Palette) -> [String; 3] {
    let status = if answer.status.is_empty() { "any".to_owned() } else { answer.status.clone() };
    let code = answer.remote_code.map(|code| format!(", code {code}")).unwrap_or_default();
    let says = if answer.says.is_empty() { String::new() } else { format!(", saying \"{}\"", answer.says) };
    let doubt = if answer.confirmed { "" } else { " (not confirmed by any document)" };
    [
        format!("  {}: HTTP {status}{code}{says}{doubt}", answer.service),
        format!("    {} The call is {}.", answer.cause, answer.effect),
        palette.faint().apply_to(format!("    {}", answer.source)).to_string(),
    ]
}
