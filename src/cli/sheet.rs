//! Listed requests in each form; what can be written row by row is.

use super::args::Output;
use super::listed::Listed;
use super::output;
use super::terminal::{Cell, Column, Grid, Palette, visible};
use super::trouble::Trouble;
use crate::domain::Instant;
use serde_json::Value;
use std::io::Write;

/// A list in the making.
pub(super) struct Sheet<W: Write> {
    form: Form<W>,
    palette: Palette,
}

enum Form<W: Write> {
    Table(Grid, W),
    Csv(Box<csv::Writer<W>>),
    Lines(W),
    Document(Output, Vec<Value>, W),
}

impl<W: Write> Sheet<W> {
    pub(super) fn new(output: Output, out: W, palette: Palette) -> Result<Self, Trouble> {
        let form = match output {
            Output::Table => {
                let columns = [
                    Column::cut("USER", 24),
                    Column::cut("ENVIRONMENT", 12),
                    Column::keep("STATE"),
                    Column::keep("STATUS"),
                    Column::cut("NEXT", 24),
                    Column::drop("UPDATED"),
                    Column::drop("ID"),
                ];
                Form::Table(Grid::new(columns, palette.heading()), out)
            }
            Output::Csv => {
                let mut writer = csv::Writer::from_writer(out);
                writer.write_record(Listed::HEADER)?;
                Form::Csv(Box::new(writer))
            }
            Output::Jsonl => Form::Lines(out),
            Output::Json | Output::Yaml => Form::Document(output, Vec::new(), out),
        };
        Ok(Self { form, palette })
    }

    /// Adds one request.
    pub(super) fn row(&mut self, listed: Listed, now: Instant) -> Result<(), Trouble> {
        match &mut self.form {
            Form::Table(grid, _) => grid.row(cells(&listed, self.palette, now)),
            Form::Csv(writer) => {
                writer.write_record(listed.record().iter().map(|cell| visible(cell).into_owned()))?;
            }
            Form::Lines(out) => output::document(out, Output::Jsonl, output::value(&listed)?)?,
            Form::Document(_, values, _) => values.push(output::value(&listed)?),
        }
        Ok(())
    }

    /// Writes what is left.
    pub(super) fn finish(self, width: Option<usize>) -> Result<(), Trouble> {
        match self.form {
            Form::Table(grid, mut out) => {
                if !grid.is_empty() {
                    grid.write(&mut out, width)?;
                }
                out.flush()?;
            }
            Form::Csv(mut writer) => writer.flush()?,
            Form::Lines(mut out) => out.flush()?,
            Form::Document(output, values, mut out) => {
                output::documents(&mut out, output, "requests", values)?;
                out.flush()?;
            }
        }
        Ok(())
    }
}

fn cells(listed: &Listed, palette: Palette, now: Instant) -> Vec<Cell> {
    let request = &listed.request;
    let codes: Vec<&str> = listed.drifts.iter().map(|drift| drift.code.as_str()).collect();
    let next = if codes.is_empty() { listed.next.brief(now) } else { codes.join(", ") };
    let style = if request.failure.is_some() || !codes.is_empty() {
        palette.bad()
    } else if request.trouble.is_some() {
        palette.slow()
    } else {
        palette.plain()
    };
    vec![
        Cell::new(&request.user_principal_name, palette.plain()),
        Cell::new(&request.environment, palette.plain()),
        Cell::new(request.state.as_str(), palette.plain()),
        Cell::new(request.status.as_str(), palette.status(request.status)),
        Cell::new(next, style),
        Cell::new(request.updated_at.to_the_second(), palette.faint()),
        Cell::new(request.id.to_string(), palette.faint()),
    ]
}
