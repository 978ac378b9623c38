//! `seatless credentials rotate`: new passwords, sealed and recorded before they are set.

use super::args::RotateArgs;
use super::door::Door;
use super::results::{Names, Tally, say};
use super::selection::{Selected, select};
use crate::cli::context::Context;
use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::domain::UserId;
use crate::store::PasswordStanding;
use std::io::Write;

pub(super) async fn run(context: &Context, args: &RotateArgs) -> Result<Exit, Trouble> {
    let reader = context.reader().await?;
    let selected = select(&*reader, (&args.selection).into()).await?;
    reader.close().await?;
    let users = rotatable(&selected);
    let names = Names::of(&selected.passwords);
    if users.is_empty() {
        say("Nobody there whose password Seatless could change.")?;
        return Ok(Exit::Ok);
    }
    if !selected.named && !args.yes {
        return preview(&users, &names);
    }
    let door = Door::open(context, true).await?;
    let (results, trouble) = door.rotate(&users).await;
    door.close().await?;
    let mut tally = Tally::default();
    for (user, result) in results {
        match result {
            Ok(()) => tally
                .succeed(names.name(user), "has a new password; take it with `seatless credentials take`")?,
            Err(failure) => tally.fail(names.name(user), failure),
        }
    }
    tally.end(trouble)
}

/// A new password stops whoever still uses the old one, so a wide selection is shown before it is carried out.
fn preview(users: &[UserId], names: &Names) -> Result<Exit, Trouble> {
    for user in users {
        writeln!(std::io::stdout().lock(), "{}", names.name(*user))?;
    }
    Err(Trouble::usage(format!("{} users would get new passwords; nothing was done", users.len()))
        .hint("whatever signs in with the old ones stops working; add --yes to go ahead"))
}

/// Of the named ones all, so that each is told why not; of the selected ones those that we made.
fn rotatable(selected: &Selected) -> Vec<UserId> {
    let fits = |standing| match standing {
        PasswordStanding::NotMade | PasswordStanding::NotOurs => selected.named,
        PasswordStanding::Waiting
        | PasswordStanding::Taken
        | PasswordStanding::Uncertain
        | PasswordStanding::Acknowledged
        | PasswordStanding::NoneKept => true,
    };
    selected.passwords.iter().filter(|one| fits(one.standing())).map(|one| one.user).collect()
}
