//! What can be typed.

use clap::{Args, Parser, Subcommand, ValueEnum};
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
    /// Write a config with every key explained
    Init(InitArgs),
    /// Show the config in force, and where each value comes from
    Config(ConfigArgs),
    /// Submit a list of requests: CSV, JSON, JSON lines or YAML
    Submit(SubmitArgs),
    /// Run the daemon that works on the requests
    Run,
    /// Try a blocked request again
    Retry(OrderArgs),
    /// Call a request off and give back everything taken for it
    Cancel(OrderArgs),
}

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
pub(super) struct OrderArgs {
    /// The requests' ids; the first characters are enough where they are unique
    #[arg(value_name = "ID", required = true)]
    pub(super) ids: Vec<String>,
}
