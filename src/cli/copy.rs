//! `seatless copy`: moves from a file to a server, while no daemon runs.

use super::args::{CopyArgs, Output};
use super::context::{Context, rest, spawn};
use super::exit::Exit;
use super::output::{self, SCHEMA_VERSION};
use super::terminal::{Cell, Column, Grid, Palette, width_of_stdout};
use super::trouble::Trouble;
use crate::app::settings::StoreSettings;
use crate::store::{CopiedTable, CopyEnd, CopyError, CopyOrder, CopyProgress, OpenOptions, copy};
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::{Value, json};
use std::io::{BufWriter, IsTerminal, Write};

/// So much of a digest tells two apart for the eye; the whole is in the other formats.
const DIGITS: usize = 16;

pub(super) async fn run(context: &Context, args: &CopyArgs) -> Result<Exit, Trouble> {
    let order = order(context, args)?;
    let bar = Bar::new();
    let end = copy(order, spawn(), rest(), &mut |progress| bar.show(&progress)).await;
    bar.0.finish_and_clear();
    let end = end.map_err(|error| trouble(args, error))?;
    let mut out = BufWriter::new(std::io::stdout().lock());
    match args.output {
        Output::Table => page(&mut out, args, &end)?,
        Output::Csv => {
            let header = ["table", "rows_from", "rows_to", "sha256_from", "sha256_to"];
            let cells = |table: &CopiedTable| {
                let (from, to) = (&table.from, &table.to);
                let rows = [from.rows.to_string(), to.rows.to_string()];
                let [rows_from, rows_to] = rows;
                [table.table.clone(), rows_from, rows_to, from.to_string(), to.to_string()]
            };
            output::csv(&mut out, header, tables(&end).iter().map(cells))?;
        }
        Output::Json | Output::Jsonl | Output::Yaml => {
            output::document(&mut out, args.output, document(args, &end))?;
        }
    }
    out.flush()?;
    Ok(Exit::Ok)
}

fn order(context: &Context, args: &CopyArgs) -> Result<CopyOrder, Trouble> {
    let Some(from) = OpenOptions::path_of_url(&args.from) else {
        return Err(Trouble::usage(format!("{} is no file that could be copied", args.from))
            .hint("only a database in a file moves, such as sqlite:seatless.db; one on a server moves with its own tools"));
    };
    let to =
        StoreSettings::server(&args.to).map_err(|fault| Trouble::usage(format!("{}: {fault}", args.to)))?;
    let Some(to) = to else {
        return Err(Trouble::usage(format!("{} is no PostgreSQL database", args.to))
            .hint("a copy goes to a server, such as postgres://user@host/database; for a copy in a file there is `seatless backup`"));
    };
    Ok(CopyOrder { from, to, card: context.card() })
}

fn trouble(args: &CopyArgs, error: CopyError) -> Trouble {
    let sentence = format!("{error}.");
    match error {
        CopyError::From(error) => Trouble::from(error).about(&args.from),
        CopyError::To(error) => Trouble::from(error).about(&args.to),
        CopyError::SignedOn => {
            Trouble::failure(sentence).hint("a copy goes into an empty database; make another one for it")
        }
        CopyError::Occupied(_) => Trouble::failure(sentence)
            .hint("make another database for it, or drop this one if nobody needs what it holds"),
        CopyError::Differs(_) => Trouble::failure(sentence)
            .hint("nothing of it was kept; look at the server's log, then give the same command again"),
        CopyError::Unopened(_) => {
            Trouble::failure(sentence).hint("give the same command again: it does only what is missing")
        }
    }
}

fn tables(end: &CopyEnd) -> &[CopiedTable] {
    match end {
        CopyEnd::Copied(tables) | CopyEnd::Finished(tables) => tables,
        CopyEnd::DoneBefore => &[],
    }
}

fn page(out: &mut impl Write, args: &CopyArgs, end: &CopyEnd) -> Result<(), Trouble> {
    let palette = Palette::of_stdout();
    let columns = [
        Column::keep("TABLE"),
        Column::number("ROWS IN THE FILE"),
        Column::number("ON THE SERVER"),
        Column::keep("SHA-256 IN THE FILE"),
        Column::keep("ON THE SERVER"),
    ];
    let mut grid = Grid::new(columns, palette.heading());
    for CopiedTable { table, from, to } in tables(end) {
        let digits =
            |digest: &dyn std::fmt::Display| digest.to_string().chars().take(DIGITS).collect::<String>();
        grid.row([
            Cell::new(table, palette.plain()),
            Cell::new(from.rows.to_string(), palette.plain()),
            Cell::new(to.rows.to_string(), palette.plain()),
            Cell::new(digits(from), palette.faint()),
            Cell::new(digits(to), palette.faint()),
        ]);
    }
    let what = match end {
        CopyEnd::Copied(_) => "Copied, compared and sealed",
        CopyEnd::Finished(_) => "An earlier copy was cut short after the seal; compared again and finished",
        CopyEnd::DoneBefore => "It was copied there before, and nothing was left to do",
    };
    if !tables(end).is_empty() {
        grid.write(&mut *out, width_of_stdout())?;
        writeln!(out)?;
    }
    let lines = [
        format!("{what}: {} is now at {}.", args.from, args.to),
        "The file can still be read; nothing writes to it any more. Keep it until you have a backup of the other one."
            .to_owned(),
        format!("Name the other one in the config (store.url = \"{}\"), then start `seatless run`.", args.to),
    ];
    output::page(out, lines)
}

fn document(args: &CopyArgs, end: &CopyEnd) -> Value {
    let tables: Vec<Value> = tables(end)
        .iter()
        .map(|CopiedTable { table, from, to }| {
            json!({
                "table": table,
                "rows_from": from.rows,
                "rows_to": to.rows,
                "sha256_from": from.to_string(),
                "sha256_to": to.to_string(),
            })
        })
        .collect();
    let end = match end {
        CopyEnd::Copied(_) => "copied",
        CopyEnd::Finished(_) => "finished",
        CopyEnd::DoneBefore => "done_before",
    };
    json!({
        "schema_version": SCHEMA_VERSION,
        "from": args.from,
        "to": args.to,
        "end": end,
        "tables": tables,
    })
}

/// How far it has come, on a terminal.
struct Bar(ProgressBar);

impl Bar {
    fn new() -> Self {
        if !std::io::stderr().is_terminal() {
            return Self(ProgressBar::hidden());
        }
        let bar = ProgressBar::new(0);
        let style = ProgressStyle::with_template("{msg:>18} {bar:30.cyan/dim} {pos}/{len} rows, {eta} left");
        bar.set_style(style.unwrap_or_else(|_| ProgressStyle::default_bar()).progress_chars("█▉▊▋▌▍▎▏·"));
        Self(bar)
    }

    fn show(&self, progress: &CopyProgress) {
        self.0.set_length(progress.rows_total);
        self.0.set_position(progress.rows);
        self.0.set_message(progress.table.clone());
    }
}
