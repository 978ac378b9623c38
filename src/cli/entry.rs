//! The entrance: reads the command line and hands over to the command's file.

use super::args::{Cli, Command};
use super::context::Context;
use super::exit::Exit;
use super::trouble::Trouble;
use super::{
    backup, completions, config, copy, core_dumps, credentials, demo, doctor, explain, init, list, man,
    restore, run, show, simulate, stats, steer, submit, sweep, verify, wait, watch,
};
use crate::domain::Steering;
use clap::Parser;
use std::process::ExitCode;

/// Runs the command that the process was started with.
pub fn main() -> ExitCode {
    core_dumps::off();
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let exit = if error.use_stderr() { Exit::Usage } else { Exit::Ok };
            // Nobody is left to tell if the stream is closed.
            let _ = error.print();
            return exit.into();
        }
    };
    let runtime = match tokio::runtime::Builder::new_multi_thread().enable_all().build() {
        Ok(runtime) => runtime,
        Err(error) => {
            Trouble::failure(format!("the runtime cannot be started: {error}")).tell();
            return Exit::Failure.into();
        }
    };
    match runtime.block_on(dispatch(cli)) {
        Ok(exit) => exit.into(),
        Err(trouble) => {
            trouble.tell();
            trouble.exit.into()
        }
    }
}

async fn dispatch(cli: Cli) -> Result<Exit, Trouble> {
    let Cli { global, command } = cli;
    match command {
        Command::Demo(args) => demo::run(args).await,
        Command::Simulate(args) => simulate::run(args).await,
        Command::Init(args) => init::run(&args),
        Command::Config(args) => config::run(&Context::load(&global)?, args.output),
        Command::Submit(args) => submit::run(&Context::load(&global)?, args).await,
        Command::Run => run::run(Context::load(&global)?, global.verbose).await,
        Command::List(args) => list::run(&Context::load(&global)?, args).await,
        Command::Show(args) => show::run(&Context::load(&global)?, args).await,
        Command::Explain(args) => explain::run(&args),
        Command::Completions(args) => completions::run(args.shell),
        Command::Man(args) => man::run(&args),
        Command::Watch(args) => watch::run(&Context::load(&global)?, args).await,
        Command::Wait(args) => wait::run(&Context::load(&global)?, args).await,
        Command::Stats(args) => stats::run(&Context::load(&global)?, args).await,
        Command::Backup(args) => backup::run(&Context::load(&global)?, &args).await,
        Command::Restore(args) => restore::run(&Context::load(&global)?, &args).await,
        Command::Doctor(args) => doctor::run(&Context::load(&global)?, &args).await,
        Command::Copy(args) => copy::run(&Context::load(&global)?, &args).await,
        Command::Verify(args) => verify::run(&Context::load(&global)?, &args).await,
        Command::Sweep(args) => sweep::run(&Context::load(&global)?, args).await,
        Command::Credentials(command) => credentials::run(&Context::load(&global)?, command).await,
        Command::Pause(args) => steer::run(&Context::load(&global)?, &args, Steering::Pause).await,
        Command::Resume(args) => steer::run(&Context::load(&global)?, &args, Steering::Resume).await,
        Command::Retry(args) => steer::run(&Context::load(&global)?, &args, Steering::Retry).await,
        Command::Cancel(args) => {
            let verb = if args.delete { Steering::CancelAndDelete } else { Steering::Cancel };
            steer::run(&Context::load(&global)?, &args.steer, verb).await
        }
        Command::Operations(command) => steer::operations(&Context::load(&global)?, command).await,
    }
}
