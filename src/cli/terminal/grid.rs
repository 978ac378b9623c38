//! Rows under titles, each on one line, made to fit the terminal.

use console::{Style, measure_text_width, truncate_str};
use std::io::{self, Write};

/// What stands between two columns.
const GAP: usize = 2;

/// What stands for what was cut off.
const CUT: &str = "…";

/// What may be done to a column when the terminal is too narrow.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fit {
    Keep,
    Cut { min: usize },
    Drop,
}

/// A column.
#[derive(Clone, Copy, Debug)]
pub(in crate::cli) struct Column {
    title: &'static str,
    fit: Fit,
    right: bool,
}

impl Column {
    /// One that is always shown whole.
    pub(in crate::cli) const fn keep(title: &'static str) -> Self {
        Self { title, fit: Fit::Keep, right: false }
    }

    /// One of numbers.
    pub(in crate::cli) const fn number(title: &'static str) -> Self {
        Self { title, fit: Fit::Keep, right: true }
    }

    /// One whose texts may be cut, down to a width.
    pub(in crate::cli) const fn cut(title: &'static str, min: usize) -> Self {
        Self { title, fit: Fit::Cut { min }, right: false }
    }

    /// One that is left out where it does not fit.
    pub(in crate::cli) const fn drop(title: &'static str) -> Self {
        Self { title, fit: Fit::Drop, right: false }
    }
}

/// What stands at one place.
pub(in crate::cli) struct Cell {
    text: String,
    style: Style,
}

impl Cell {
    /// A text that is safe to show.
    pub(in crate::cli) fn new(text: impl AsRef<str>, style: Style) -> Self {
        Self { text: super::visible(text.as_ref()).into_owned(), style }
    }
}

/// Rows under titles.
pub(in crate::cli) struct Grid {
    columns: Vec<Column>,
    heading: Style,
    rows: Vec<Vec<Cell>>,
}

impl Grid {
    pub(in crate::cli) fn new(columns: impl Into<Vec<Column>>, heading: Style) -> Self {
        Self { columns: columns.into(), heading, rows: Vec::new() }
    }

    /// Adds a row; it has a cell for each column.
    pub(in crate::cli) fn row(&mut self, cells: impl Into<Vec<Cell>>) {
        self.rows.push(cells.into());
    }

    pub(in crate::cli) fn is_empty(&self) -> bool {
        self.rows.is_empty()
    }

    /// The lines, titles first, none wider than `width` if there is one.
    pub(in crate::cli) fn lines(&self, width: Option<usize>) -> Vec<String> {
        let widths = self.widths(width);
        let titles: Vec<Cell> =
            self.columns.iter().map(|column| Cell::new(column.title, self.heading.clone())).collect();
        std::iter::once(&titles).chain(&self.rows).map(|cells| self.line(cells, &widths, width)).collect()
    }

    /// Writes the lines.
    pub(in crate::cli) fn write(&self, out: &mut impl Write, width: Option<usize>) -> io::Result<()> {
        self.lines(width).iter().try_for_each(|line| writeln!(out, "{line}"))
    }

    /// The width of each column; none for one that is left out.
    fn widths(&self, width: Option<usize>) -> Vec<Option<usize>> {
        let natural = |place: usize| {
            let cells =
                self.rows.iter().filter_map(|row| row.get(place)).map(|cell| measure_text_width(&cell.text));
            cells.max().unwrap_or(0).max(measure_text_width(self.columns[place].title))
        };
        let mut widths: Vec<Option<usize>> =
            (0..self.columns.len()).map(|place| Some(natural(place))).collect();
        let Some(width) = width else { return widths };
        while self.total(&widths, true) > width {
            let droppable = |place: &usize| self.columns[*place].fit == Fit::Drop && widths[*place].is_some();
            let Some(last) = (0..widths.len()).rev().find(droppable) else { break };
            widths[last] = None;
        }
        while self.total(&widths, false) > width {
            let slack = |place: &usize| match (self.columns[*place].fit, widths[*place]) {
                (Fit::Cut { min }, Some(width)) => width.saturating_sub(min),
                (Fit::Keep | Fit::Drop, _) | (Fit::Cut { .. }, None) => 0,
            };
            let Some(widest) = (0..widths.len()).max_by_key(slack).filter(|place| slack(place) > 0) else {
                break;
            };
            widths[widest] = widths[widest].map(|width| width - 1);
        }
        widths
    }

    /// The width of a line; with the columns that may be cut at their narrowest, if so asked.
    fn total(&self, widths: &[Option<usize>], narrowest: bool) -> usize {
        let shown = widths.iter().zip(&self.columns).filter_map(|(width, column)| {
            width.map(|width| match column.fit {
                Fit::Cut { min } if narrowest => width.min(min),
                Fit::Keep | Fit::Cut { .. } | Fit::Drop => width,
            })
        });
        let (sum, count) = shown.fold((0, 0_usize), |(sum, count), width| (sum + width, count + 1));
        sum + GAP * count.saturating_sub(1)
    }

    fn line(&self, cells: &[Cell], widths: &[Option<usize>], width: Option<usize>) -> String {
        let mut line = String::new();
        let mut behind = 0;
        for ((cell, column), room) in cells.iter().zip(&self.columns).zip(widths) {
            let Some(room) = *room else { continue };
            let text = truncate_str(&cell.text, room, CUT);
            let pad = room.saturating_sub(measure_text_width(&text));
            let (before, after) = if column.right { (pad, 0) } else { (0, pad) };
            // Spaces are owed until something stands behind them, so that no line ends in any.
            if !text.is_empty() {
                line.push_str(&" ".repeat(behind + before));
                line.push_str(&cell.style.apply_to(&text).to_string());
                behind = after + GAP;
            } else {
                behind += room + GAP;
            }
        }
        match width {
            Some(width) => truncate_str(&line, width, CUT).into_owned(),
            None => line,
        }
    }
}
