//! How each request of the demo's list must end, read from the list's own notes.

use super::folder::ACCOUNTS;
use crate::cli::trouble::Trouble;

/// One request of the list and its end.
pub(super) struct Expectation {
    pub(super) name: String,
    pub(super) environment: String,
    pub(super) roles: Vec<String>,
    /// The code with which it must be blocked; absent: it must succeed.
    pub(super) code: Option<String>,
}

/// Reads `expected: succeeded` and `expected: blocked CODE` from the notes.
pub(super) fn read() -> Result<Vec<Expectation>, Trouble> {
    let broken = |what: String| Trouble::failure(format!("the demo's list cannot be read: {what}"));
    let mut reader = csv::Reader::from_reader(ACCOUNTS.as_bytes());
    let headers = reader.headers().map_err(|error| broken(error.to_string()))?.clone();
    let column = |name: &str| {
        headers.iter().position(|header| header == name).ok_or_else(|| broken(format!("no column {name}")))
    };
    let (name, environment, roles, note) =
        (column("user_principal_name")?, column("environment")?, column("security_roles")?, column("note")?);
    let mut expectations = Vec::new();
    for record in reader.records() {
        let record = record.map_err(|error| broken(error.to_string()))?;
        let field = |at: usize| record.get(at).unwrap_or_default().trim();
        let code = match field(note).strip_prefix("expected: ") {
            Some("succeeded") => None,
            Some(blocked) => blocked.strip_prefix("blocked ").map(str::to_owned),
            None => return Err(broken(format!("the note of {} says nothing of its end", field(name)))),
        };
        expectations.push(Expectation {
            name: field(name).to_lowercase(),
            environment: field(environment).to_owned(),
            roles: field(roles)
                .split(';')
                .map(|role| role.trim().to_owned())
                .filter(|role| !role.is_empty())
                .collect(),
            code,
        });
    }
    Ok(expectations)
}
