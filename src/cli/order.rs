//! What a person orders for named requests.

use super::actor::at_the_prompt;
use super::context::Context;
use super::exit::Exit;
use super::trouble::Trouble;
use crate::app::{Orders, find_request};
use crate::domain::{Command, RequestId, State, Status};
use std::io::Write;
use std::sync::Arc;

pub(super) async fn run(context: &Context, ids: &[String], command: Command) -> Result<Exit, Trouble> {
    let reader = context.reader().await?;
    let mut requests = Vec::with_capacity(ids.len());
    for text in ids {
        let member = find_request(&*reader, text)
            .await
            .map_err(|error| Trouble::usage(format!("{error}; nothing was done")))?;
        let asked = &member.request.asked;
        let name = format!("{} in {}", asked.account.user_principal_name, asked.environment);
        requests.push((member.request.id, name));
    }
    reader.close().await?;
    let mut exit = Exit::Ok;
    for (id, name) in requests {
        match carry_out(context, id, command).await {
            Ok((state, status)) => {
                writeln!(std::io::stdout().lock(), "{id}  {name}: {}", standing(command, state, status))?;
            }
            Err(trouble) => {
                trouble.about(&name).tell();
                exit = Exit::Failure;
            }
        }
    }
    Ok(exit)
}

/// How a request stands after an order, in words.
fn standing(command: Command, state: State, status: Status) -> String {
    match (command, status) {
        (Command::Cancel | Command::CancelAndDelete, Status::Active) => {
            format!("is being called off, from {state}")
        }
        (Command::Cancel | Command::CancelAndDelete, Status::Cancelled) => {
            "is called off; nothing had been taken for it".to_owned()
        }
        (Command::Pause, Status::Active | Status::Blocked) => format!("is paused, {status} at {state}"),
        (Command::Resume, Status::Active | Status::Blocked) => format!("goes on, {status} at {state}"),
        (Command::Retry, Status::Active) => format!("is being worked on again, from {state}"),
        (
            Command::Cancel
            | Command::CancelAndDelete
            | Command::Retry
            | Command::Pause
            | Command::Resume
            | Command::Heal { .. },
            _,
        ) => {
            format!("{status} at {state}")
        }
    }
}

/// Through the daemon if one runs, else with the database's lock in our own hands.
async fn carry_out(context: &Context, id: RequestId, command: Command) -> Result<(State, Status), Trouble> {
    let actor = at_the_prompt();
    if let Some((daemon, _)) = context.daemon().await? {
        return Ok(daemon.order(id, command, &actor).await?);
    }
    let store = context.owner_beside_no_daemon().await?;
    let orders = Orders {
        store: store.shared(),
        clock: Arc::clone(&context.clock),
        policy: context.settings.policy.clone(),
    };
    let result = orders.carry_out(id, command, &actor).await;
    store.close().await?;
    let member = result?;
    Ok((member.request.progress.state, member.request.progress.status()))
}
