//! Remembers the rows of a file, to find the same request twice and requests that disagree about their user.
//!
//! Hashes are kept, never texts: about 70 bytes for each user, whatever the length of the file's lines.

use super::assemble::Place;
use super::columns::Column;
use super::fault::RowFault;
use crate::domain::{Account, Code, UserPrincipalName};
use sha2::{Digest, Sha256};
use std::collections::HashMap;

/// The columns that all requests of one user must agree on.
const SHARED: [Column; 5] =
    [Column::DisplayName, Column::GivenName, Column::Surname, Column::UsageLocation, Column::License];

/// A hash for each shared column; all zero while it is unknown, because the rows so far had faults.
type Print = [u32; SHARED.len()];

/// The rows seen so far.
#[derive(Default)]
pub(super) struct Seen {
    /// Each user by a hash of tenant and name.
    users: HashMap<[u8; 16], User>,
    /// Where a user was asked for besides the first environment, by a hash of that, too.
    further: HashMap<[u8; 16], u32>,
}

struct User {
    print: Print,
    /// The line that the print is from, or the first line of the user.
    line: u32,
    /// The first environment, and the line that names it.
    environment: u32,
    environment_line: u32,
}

impl Seen {
    /// Notes the row at `line`, and says how it contradicts an earlier one.
    pub(super) fn note(
        &mut self,
        line: u64,
        name: &UserPrincipalName,
        place: &Place<'_>,
        account: Option<&Account>,
    ) -> Vec<RowFault> {
        // No file has more lines than that; if one did, only the line's number in a message would be off.
        let line_kept = u32::try_from(line).unwrap_or(u32::MAX);
        let key = hash(&[place.environment.tenant.as_bytes(), name.as_str().as_bytes()]);
        let print = account.map_or_else(Print::default, print);
        let Some(user) = self.users.get_mut(&key) else {
            let environment = place.index;
            let user = User { print, line: line_kept, environment, environment_line: line_kept };
            self.users.insert(key, user);
            return Vec::new();
        };
        let earlier = if user.environment == place.index {
            Some(user.environment_line)
        } else {
            let row = hash(&[&key, &place.index.to_be_bytes()]);
            match self.further.get(&row) {
                Some(earlier) => Some(*earlier),
                None => {
                    self.further.insert(row, line_kept);
                    None
                }
            }
        };
        if let Some(earlier) = earlier {
            let reason = format!("the same user name in {} stands in line {earlier} already", place.name);
            let fault = RowFault::new(line, Code::IntakeDuplicate, reason).at(Column::UserPrincipalName);
            return vec![fault.value(name.as_str())];
        }
        if user.print == Print::default() {
            (user.print, user.line) = (print, line_kept);
        }
        account.map_or_else(Vec::new, |account| disagreements(line, account, &print, user))
    }
}

fn disagreements(line: u64, account: &Account, print: &Print, user: &User) -> Vec<RowFault> {
    let license = account.license.to_string();
    let values = values(account, &license);
    (0..SHARED.len())
        .filter(|index| print[*index] != user.print[*index])
        .map(|index| {
            let reason = format!("line {} asks for the same user with another one", user.line);
            RowFault::new(line, Code::IntakeSiblings, reason).at(SHARED[index]).value(values[index])
        })
        .collect()
}

/// The values of the shared columns, in their order.
fn values<'a>(account: &'a Account, license: &'a str) -> [&'a str; SHARED.len()] {
    [&account.display_name, &account.given_name, &account.surname, &account.usage_location, license]
}

fn print(account: &Account) -> Print {
    let license = account.license.to_string();
    values(account, &license).map(|value| {
        let [a, b, c, d, ..] = hash(&[value.as_bytes()]);
        u32::from_be_bytes([a, b, c, d]).max(1)
    })
}

/// The first half of a SHA-256 over the parts and their lengths.
fn hash(parts: &[&[u8]]) -> [u8; 16] {
    let mut hash = Sha256::new();
    for part in parts {
        hash.update((part.len() as u64).to_be_bytes());
        hash.update(part);
    }
    let mut short = [0; 16];
    short.copy_from_slice(&hash.finalize()[..16]);
    short
}
