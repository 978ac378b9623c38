//! What came of an order about several users, told one by one.

use crate::cli::exit::Exit;
use crate::cli::trouble::Trouble;
use crate::domain::{Failure, UserId};
use crate::store::Password;
use std::collections::HashMap;
use std::io::Write;

/// The names of users, for people.
pub(super) struct Names(HashMap<UserId, String>);

impl Names {
    pub(super) fn of(passwords: &[Password]) -> Self {
        Self(passwords.iter().map(|one| (one.user, one.user_principal_name.to_string())).collect())
    }

    pub(super) fn name(&self, user: UserId) -> &str {
        self.0.get(&user).map_or("a user", String::as_str)
    }
}

/// Counts what worked and what did not.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) done: usize,
    pub(super) failed: usize,
}

impl Tally {
    /// Tells what went wrong with one user.
    pub(super) fn fail(&mut self, name: &str, failure: Failure) {
        self.failed += 1;
        Trouble::from(failure).about(name).tell();
    }

    /// Tells what worked with one user.
    pub(super) fn succeed(&mut self, name: &str, what: &str) -> Result<(), Trouble> {
        self.done += 1;
        Ok(writeln!(std::io::stdout().lock(), "{name}: {what}")?)
    }

    /// How it ended: all, a part, or nothing.
    pub(super) const fn exit(&self) -> Exit {
        match (self.done, self.failed) {
            (_, 0) => Exit::Ok,
            (0, _) => Exit::Failure,
            (_, _) => Exit::Partial,
        }
    }

    /// The end of an order that may have been cut short.
    pub(super) fn end(self, trouble: Option<Trouble>) -> Result<Exit, Trouble> {
        match trouble {
            None => Ok(self.exit()),
            Some(trouble) if self.done == 0 => Err(trouble),
            Some(trouble) => {
                trouble.tell();
                Ok(Exit::Partial)
            }
        }
    }
}

/// Says what does not belong to the values.
pub(super) fn say(sentence: &str) -> Result<(), Trouble> {
    Ok(writeln!(std::io::stderr().lock(), "{sentence}")?)
}
