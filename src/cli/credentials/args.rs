//! What can be typed about passwords.

use crate::cli::args::Output;
use clap::{ArgGroup, Args, Subcommand, ValueEnum};
use std::path::PathBuf;

#[derive(Debug, Subcommand)]
pub(in crate::cli) enum CredentialsCommand {
    /// Show which passwords wait to be taken, acknowledged or made anew
    List(ListArgs),
    /// Write passwords into a new file: sealed, or opened with your age key. Each view is recorded
    Take(TakeArgs),
    /// Say that you have stored what you took; it is destroyed here
    Acknowledge(Selection),
    /// Give users new passwords, sealed before they are set
    Rotate(RotateArgs),
}

/// Which users.
#[derive(Args, Debug)]
#[command(group = ArgGroup::new("which").required(true).multiple(true).args(["ids", "batch", "tenant", "environment", "all"]))]
pub(in crate::cli) struct Selection {
    /// Requests' ids (the first characters are enough where they are unique) or user names
    #[arg(value_name = "ID or NAME", conflicts_with_all = ["batch", "tenant", "environment", "all"])]
    pub(super) ids: Vec<String>,
    /// All of this batch: an id, its first characters, or latest
    #[arg(short = 'b', long, value_name = "BATCH")]
    pub(super) batch: Option<String>,
    /// All of this tenant
    #[arg(long, value_name = "NAME")]
    pub(super) tenant: Option<String>,
    /// All of this environment
    #[arg(short = 'e', long, value_name = "NAME")]
    pub(super) environment: Option<String>,
    /// All there are
    #[arg(long)]
    pub(super) all: bool,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct ListArgs {
    /// Requests' ids (the first characters are enough where they are unique) or user names
    #[arg(value_name = "ID or NAME", conflicts_with_all = ["batch", "tenant", "environment"])]
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
    /// Also those of which nothing waits
    #[arg(long)]
    pub(super) all: bool,
    /// How to show it
    #[arg(short = 'o', long, value_enum, default_value_t = Output::Table)]
    pub(super) output: Output,
}

#[derive(Args, Debug)]
#[command(group = ArgGroup::new("where").required(true).args(["out", "out_folder"]))]
pub(in crate::cli) struct TakeArgs {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// The file to write, for you only (mode 0600); it must not exist. Sealed, it holds one password
    #[arg(long, value_name = "FILE")]
    pub(super) out: Option<PathBuf>,
    /// The folder to make (mode 0700) with one sealed file, NAME.age, for each password
    #[arg(long, value_name = "DIR", conflicts_with = "identity")]
    pub(super) out_folder: Option<PathBuf>,
    /// Open them with the age private keys in this file, and write them readable
    #[arg(long, value_name = "KEYFILE")]
    pub(super) identity: Option<PathBuf>,
    /// How to write opened passwords; by default what the file's name says, else JSON
    #[arg(short = 'f', long, value_enum, requires = "identity")]
    pub(super) format: Option<OpenedFormat>,
}

/// A format for opened passwords.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub(in crate::cli) enum OpenedFormat {
    /// One JSON document
    Json,
    /// Comma-separated values with a header line
    Csv,
}

#[derive(Args, Debug)]
pub(in crate::cli) struct RotateArgs {
    #[command(flatten)]
    pub(super) selection: Selection,
    /// Do it for everybody that is selected; without it, a selection by batch, tenant, environment or --all is only shown
    #[arg(long)]
    pub(super) yes: bool,
}
