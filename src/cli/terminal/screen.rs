//! A picture that is redrawn in place.

use console::{Term, truncate_str};
use std::io;

/// How many columns standard output has; nothing if it is no terminal.
pub(in crate::cli) fn width_of_stdout() -> Option<usize> {
    let term = Term::stdout();
    term.is_term().then(|| usize::from(term.size().1)).filter(|width| *width > 0)
}

/// The part of the terminal that the picture takes. The cursor is hidden as long as it lives.
pub(in crate::cli) struct Screen {
    term: Term,
    drawn: usize,
}

impl Screen {
    /// Standard output, if it is a terminal that can redraw.
    pub(in crate::cli) fn of_stdout() -> Option<Self> {
        let term = Term::buffered_stdout();
        let able = term.is_term() && std::env::var_os("TERM").is_none_or(|term| term != "dumb");
        able.then_some(Self { term, drawn: 0 })
    }

    /// Columns and rows.
    pub(in crate::cli) fn size(&self) -> (usize, usize) {
        let (rows, columns) = self.term.size();
        (usize::from(columns).max(20), usize::from(rows).max(5))
    }

    /// Replaces the picture. What does not fit is cut: a line that wrapped could not be taken back.
    pub(in crate::cli) fn draw(&mut self, lines: &[String]) -> io::Result<()> {
        let (columns, rows) = self.size();
        self.term.hide_cursor()?;
        // A terminal that has become lower has scrolled the top of the old picture away.
        self.term.move_cursor_up(self.drawn.min(rows - 1))?;
        let shown = lines.len().min(rows - 1);
        for line in &lines[..shown] {
            self.term.clear_line()?;
            self.term.write_line(&truncate_str(line, columns - 1, "…"))?;
        }
        self.term.clear_to_end_of_screen()?;
        self.drawn = shown;
        self.term.flush()
    }
}

impl Drop for Screen {
    fn drop(&mut self) {
        // Nobody is left to look if the terminal is gone.
        let _ = self.term.show_cursor();
        let _ = self.term.flush();
    }
}
