//! What can be typed.

use super::read_args::{ExplainArgs, ListArgs, ShowArgs, StatsArgs, WaitArgs, WatchArgs};
use super::steer::{CancelArgs, OperationsCommand, SteerArgs};
use clap::{Args, Parser, Subcommand, ValueEnum};
use std::net::SocketAddr;
use std::path::PathBuf;

/// Makes Dynamics 365 non-interactive accounts from a list of requests, and finishes it.
#[derive(Debug, Parser)]
#[command(name = "seatless", version, propagate_version = true, disable_help_subcommand = false)]
pub(super) struct Cli {
    #[command(flatten)]
    pub(super) global: Global,
    #[command(subcommand)]
    pub(super) command: Command,
}

/// What every command takes.
#[derive(Args, Clone, Debug)]
pub(super) struct Global {
    /// The config file; ./seatless.toml if it exists
    #[arg(short = 'c', long, global = true, value_name = "FILE", env = "SEATLESS_CONFIG")]
    pub(super) config: Option<PathBuf>,
    /// The database, such as sqlite:other.db; overrides store.url of the config
    #[arg(long, global = true, value_name = "URL")]
    pub(super) store: Option<String>,
    /// Show more in the log: -v debug, -vv trace
    #[arg(short = 'v', long, global = true, action = clap::ArgAction::Count)]
    pub(super) verbose: u8,
}

#[derive(Debug, Subcommand)]
pub(super) enum Command {
    /// Do the whole job against the built-in simulator, in about a minute
    Demo(DemoArgs),
    /// Write a config with every key explained
    Init(InitArgs),
    /// Show the config in force, and where each value comes from
    Config(ConfigArgs),
    /// Look whether everything that the config names is ready, and tell what to do where it is not
    Doctor(DoctorArgs),
    /// Submit a list of requests: CSV, JSON, JSON lines or YAML
    Submit(SubmitArgs),
    /// Run the daemon that works on the requests
    Run,
    /// Run the fake Microsoft cloud alone
    Simulate(SimulateArgs),
    /// List requests, or batches
    List(ListArgs),
    /// Show what happened to a request, and what is next; or how a batch stands
    Show(ShowArgs),
    /// Explain a failure code, or a code of Microsoft's: why it happens, what to do, and who can do it
    Explain(ExplainArgs),
    /// Watch the work, live
    Watch(WatchArgs),
    /// Wait until each request has ended or is blocked
    Wait(WaitArgs),
    /// Show counts, seats and slots, and what the licenses cost in time
    Stats(StatsArgs),
    /// Look at finished accounts now, and tell which are no longer as they were delivered
    Verify(VerifyArgs),
    /// Look for licenses that our calls may have left behind, and take them back
    Sweep(SweepArgs),
    /// Copy the database into a file, while the daemon works on it or not
    Backup(BackupArgs),
    /// Put a backup in the place of the database, while no daemon runs
    Restore(RestoreArgs),
    /// Move from a file to a PostgreSQL server, while no daemon runs
    Copy(CopyArgs),
    /// Begin nothing for requests until they are resumed
    Pause(SteerArgs),
    /// Go on with paused requests
    Resume(SteerArgs),
    /// Try blocked requests again
    Retry(SteerArgs),
    /// Hand passwords over, sealed or opened with your key; make new ones
    #[command(subcommand)]
    Credentials(super::credentials::CredentialsCommand),
    /// Call requests off and give back everything taken for them
    Cancel(CancelArgs),
    /// Print what a shell needs to complete these commands
    Completions(CompletionsArgs),
    /// Write a manual page for each command
    Man(ManArgs),
    /// What was ordered for many requests at once: by whom, why, and what it came to
    #[command(subcommand)]
    Operations(OperationsCommand),
}

#[derive(Args, Debug)]
#[command(after_long_help = COMPLETIONS_HELP)]
pub(super) struct CompletionsArgs {
    /// For which shell
    #[arg(value_enum)]
    pub(super) shell: CompletedShell,
}

/// The shells that are completed.
#[derive(Clone, Copy, Debug, ValueEnum)]
pub(super) enum CompletedShell {
    Bash,
    Zsh,
    Fish,
    #[value(name = "powershell", alias = "pwsh")]
    PowerShell,
}

const COMPLETIONS_HELP: &str = "\
Where the shells look:
  bash        seatless completions bash > ~/.local/share/bash-completion/completions/seatless
  zsh         seatless completions zsh > DIR/_seatless, with DIR in $fpath
  fish        seatless completions fish > ~/.config/fish/completions/seatless.fish
  PowerShell  seatless completions powershell >> $PROFILE";

#[derive(Args, Debug)]
#[command(after_long_help = MAN_HELP)]
pub(super) struct ManArgs {
    /// The folder to write them into; it is made if it is missing
    #[arg(value_name = "DIR")]
    pub(super) folder: PathBuf,
}

const MAN_HELP: &str = "\
Example:
  seatless man ~/.local/share/man/man1
  man seatless-submit";

#[derive(Args, Debug)]
pub(super) struct BackupArgs {
    /// The file to write; it must not exist yet
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// How to report it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

#[derive(Args, Debug)]
pub(super) struct RestoreArgs {
    /// The backup
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// How to report it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

#[derive(Args, Debug)]
#[command(after_long_help = COPY_HELP)]
pub(super) struct CopyArgs {
    /// The database that is to go, such as sqlite:seatless.db; nobody may work on it
    #[arg(long, value_name = "URL")]
    pub(super) from: String,
    /// The database that is to take over, such as postgres://seatless@host/seatless; it must be empty
    #[arg(long, value_name = "URL")]
    pub(super) to: String,
    /// How to report it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

const COPY_HELP: &str = "\
What it does, in this order:
  1. Copies every table in one transaction, reads it back, and compares the number of rows and the sum of their SHA-256.
  2. Seals the file: from then on nothing writes to it any more; `list`, `show` and `stats` read it and say where it went.
  3. Opens the database on the server. Nobody has to confirm anything there: work goes on where it stopped.
If it is cut short, give the same command again: until the file is sealed it begins anew and the file can be used as before,
from then on it does what is left. Nobody works on the server's database before its end. Sealed passwords stay sealed.

The password of the server's database comes from PGPASSWORD, or the file that PGPASSFILE names.

Examples:
  seatless copy --from sqlite:seatless.db --to postgres://seatless@db.example.org/seatless?sslmode=verify-full
  seatless --store postgres://seatless@db.example.org/seatless stats

Exit code: 0 it was copied, or had been copied there before; 1 it was not, and the error says why; 2 an address is at fault.";

#[derive(Args, Debug)]
pub(super) struct InitArgs {
    /// Where to write it
    #[arg(value_name = "FILE", default_value = "seatless.toml")]
    pub(super) file: PathBuf,
    /// Print it instead
    #[arg(long)]
    pub(super) print: bool,
}

#[derive(Args, Debug)]
pub(super) struct DoctorArgs {
    /// Print the permissions that the application needs, as a manifest, and the administrator's commands; call nobody
    #[arg(long)]
    pub(super) permissions: bool,
    /// How to report it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

#[derive(Args, Debug)]
pub(super) struct ConfigArgs {
    /// How to show it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

/// How to show something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum Output {
    /// For people
    Table,
    /// One JSON document
    Json,
    /// One JSON document per line
    Jsonl,
    /// Comma-separated values
    Csv,
    /// YAML
    Yaml,
}

#[derive(Args, Debug)]
#[command(after_long_help = super::submit::columns_help())]
pub(super) struct SubmitArgs {
    /// The list; - for standard input
    #[arg(value_name = "FILE")]
    pub(super) file: PathBuf,
    /// The format; by default what the file's name or its beginning says
    #[arg(short = 'f', long, value_enum)]
    pub(super) format: Option<InputFormat>,
    /// Wait until each request has ended or is blocked
    #[arg(short = 'w', long)]
    pub(super) wait: bool,
    /// Wait at most so long: 90s, 15m, 2h, 1d (then exit code 6)
    #[arg(long, value_name = "TIME", requires = "wait", value_parser = super::submit::duration)]
    pub(super) timeout: Option<std::time::Duration>,
    /// How to report it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

/// A format that a list can have.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(super) enum InputFormat {
    /// Comma-separated values with a header line
    Csv,
    /// One JSON array
    Json,
    /// One JSON object per line
    Jsonl,
    /// A YAML list
    Yaml,
}

#[derive(Args, Debug)]
pub(super) struct SweepArgs {
    /// After a restore, or on a copy: say that what it lists is ours, and take it back
    #[arg(long)]
    pub(super) confirm: bool,
    /// Confirm without being asked again
    #[arg(short = 'y', long, requires = "confirm")]
    pub(super) yes: bool,
    /// How to show it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

#[derive(Args, Debug)]
#[command(after_long_help = VERIFY_HELP)]
pub(super) struct VerifyArgs {
    /// The requests' ids; the first characters are enough where they are unique. By default all finished accounts
    #[arg(value_name = "ID", conflicts_with_all = ["batch", "tenant", "environment"])]
    pub(super) ids: Vec<String>,
    /// Only of this batch: an id, its first characters, or latest
    #[arg(short = 'b', long, value_name = "BATCH")]
    pub(super) batch: Option<String>,
    /// Only of this tenant
    #[arg(long, value_name = "NAME")]
    pub(super) tenant: Option<String>,
    /// Only of this environment
    #[arg(short = 'e', long, value_name = "NAME")]
    pub(super) environment: Option<String>,
    /// Have the daemon bring back what may be mended without a person
    #[arg(long)]
    pub(super) heal: bool,
    /// How to report it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

const VERIFY_HELP: &str = "\
Exit code: 0 all are as they were delivered, 7 some have drifted, 1 none has, but some could not be looked at.

What --heal does, in this order:
  1. An account with any drift that only a person can mend is left alone: deleted or disabled in the directory,
     licensed by somebody else. It is reported with what to do.
  2. An account that is missing or disabled in its environment begins anew at created: it waits for a seat, is licensed,
     propagates, is set to Non-interactive, and returns the license.
  3. Any other (access mode, business unit, roles) begins anew at propagated: its row is written again, without a license.
Each ends with a new verification. The daemon does the work.";

#[derive(Args, Debug)]
pub(super) struct DemoArgs {
    /// Kill the daemon so many times on the way, and start it again each time
    #[arg(long, value_name = "N", default_value_t = 0)]
    pub(super) crash: u32,
    /// How many times faster than life
    #[arg(long, value_name = "FACTOR", default_value_t = 60.0, value_parser = positive)]
    pub(super) speed: f64,
    /// Faults that the simulated cloud makes
    #[arg(long, value_name = "NAME", default_value = "none")]
    pub(super) faults: String,
    /// What chance begins with: the same seed gives the same simulated cloud
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Work in this folder and leave the config, the database and the log there
    #[arg(long, value_name = "DIR")]
    pub(super) keep: Option<PathBuf>,
}

#[derive(Args, Debug)]
pub(super) struct SimulateArgs {
    /// Where to answer plain HTTP; port 0 takes any that is free
    #[arg(long, value_name = "ADDRESS", default_value = "127.0.0.1:7080")]
    pub(super) listen: SocketAddr,
    /// Where to answer HTTPS as well
    #[arg(long, value_name = "ADDRESS")]
    pub(super) https: Option<SocketAddr>,
    /// Where to write the certificate authority that HTTPS clients must trust (PEM)
    #[arg(long, value_name = "FILE", requires = "https")]
    pub(super) ca_file: Option<PathBuf>,
    /// The world, as TOML or JSON; by default a small one with three tenants
    #[arg(long, value_name = "FILE")]
    pub(super) world: Option<PathBuf>,
    /// How many times faster than life its delays pass
    #[arg(long, value_name = "FACTOR", default_value_t = 1.0, value_parser = positive)]
    pub(super) speed: f64,
    /// Faults: none, throttle, drop, errors, late, lies, revoked, conflict, slow, rough or storm
    #[arg(long, value_name = "NAME", default_value = "none")]
    pub(super) faults: String,
    /// What chance begins with: the same seed and the same calls give the same answers
    #[arg(long, default_value_t = 1)]
    pub(super) seed: u64,
    /// Go on from this file if it exists, and write it at the end
    #[arg(long, value_name = "FILE")]
    pub(super) state: Option<PathBuf>,
    /// Write a config that reaches it
    #[arg(long, value_name = "FILE")]
    pub(super) write_config: Option<PathBuf>,
}

fn positive(text: &str) -> Result<f64, String> {
    match text.parse::<f64>() {
        Ok(number) if number.is_finite() && number > 0.0 => Ok(number),
        _ => Err(format!("{text:?} is no number above zero")),
    }
}
