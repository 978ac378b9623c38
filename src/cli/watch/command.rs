//! The watch: a picture each second, until Ctrl-C.

use super::frame;
use super::log::Log;
use super::picture::Watcher;
use crate::app::TokioTimer;
use crate::app::queries::find_batch;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::read_args::WatchArgs;
use crate::cli::terminal::{Palette, Screen, width_of_stdout};
use crate::cli::trouble::Trouble;
use crate::engine::Timer;
use std::io::Write;
use std::pin::pin;
use std::time::Duration;

/// How often the database is looked at.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// The width of a picture that is not for a terminal.
const WIDTH_ELSEWHERE: usize = 120;

pub(in crate::cli) async fn run(context: &Context, args: WatchArgs) -> Result<Exit, Trouble> {
    let store = context.reader().await?;
    let batch = match &args.batch {
        Some(text) => Some(find_batch(&*store, text).await?),
        None => None,
    };
    let palette = Palette::of_stdout();
    let mut watcher = Watcher::new(context, &*store, batch);
    if args.once {
        let picture = watcher.look().await?;
        let mut out = std::io::stdout().lock();
        for line in frame::lines(&picture, palette, width_of_stdout().unwrap_or(WIDTH_ELSEWHERE), usize::MAX)
        {
            writeln!(out, "{line}")?;
        }
        return Ok(Exit::Ok);
    }
    let mut screen = Screen::of_stdout();
    let mut log = Log::default();
    let timer = TokioTimer;
    let mut interrupted = pin!(tokio::signal::ctrl_c());
    loop {
        let picture = watcher.look().await?;
        match &mut screen {
            Some(screen) => {
                let (columns, rows) = screen.size();
                screen.draw(&frame::lines(&picture, palette, columns - 1, rows - 1))?;
            }
            None => {
                let mut out = std::io::stdout().lock();
                for line in log.news(&picture) {
                    writeln!(out, "{line}")?;
                }
                out.flush()?;
            }
        }
        tokio::select! {
            result = &mut interrupted => {
                result?;
                return Ok(Exit::Ok);
            }
            () = timer.sleep(LOOK_EVERY) => {}
        }
    }
}
