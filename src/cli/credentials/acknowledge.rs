//! `seatless credentials acknowledge`: what was taken has arrived, and is destroyed here.

use super::args::Selection;
use super::door::Door;
use super::results::{Names, Tally, say};
use super::selection::select;
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::domain::UserId;

pub(super) async fn run(context: &Context, selection: &Selection) -> Result<Exit, Trouble> {
    let reader = context.reader().await?;
    let selected = select(&*reader, selection.into()).await?;
    reader.close().await?;
    let taken = |kept: &crate::store::KeptPassword| kept.taken_at.is_some();
    let users: Vec<UserId> = selected
        .passwords
        .iter()
        .filter(|one| selected.named || one.kept.iter().any(taken))
        .map(|one| one.user)
        .collect();
    if users.is_empty() {
        say("Nothing that was taken waits to be acknowledged.")?;
        return Ok(Exit::Ok);
    }
    let names = Names::of(&selected.passwords);
    let door = Door::open(context, false).await?;
    let (results, trouble) = door.acknowledge(&users).await;
    door.close().await?;
    let mut tally = Tally::default();
    for (user, result) in results {
        match result {
            Ok(()) => tally.succeed(names.name(user), "destroyed here; you have it")?,
            Err(failure) => tally.fail(names.name(user), failure),
        }
    }
    tally.end(trouble)
}
