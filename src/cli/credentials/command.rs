//! The entrance to the commands about passwords.

use super::{CredentialsCommand, acknowledge, list, rotate, take};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;

pub(in crate::cli) async fn run(context: &Context, command: CredentialsCommand) -> Result<Exit, Trouble> {
    match command {
        CredentialsCommand::List(args) => list::run(context, &args).await,
        CredentialsCommand::Take(args) => take::run(context, &args).await,
        CredentialsCommand::Acknowledge(selection) => acknowledge::run(context, &selection).await,
        CredentialsCommand::Rotate(args) => rotate::run(context, &args).await,
    }
}
