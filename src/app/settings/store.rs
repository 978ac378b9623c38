//! `[store]`: where the requests live.

use super::path::KeyPath;
use super::reader::Reader;
use crate::domain::Fault;
use crate::store::PostgresOptions;
use std::path::{Path, PathBuf};
use url::Url;

/// Where the requests live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// `sqlite:` with the path of the file, or `sqlite::memory:`, with `%`, `?` and `#` in the path percent-encoded, as the
    /// driver expects; or the address of a PostgreSQL database, never with a password in it.
    pub url: String,
    /// The file's path; absent for a database in memory, or on a server.
    pub path: Option<PathBuf>,
}

/// The prefix of every URL of a store.
const SQLITE: &str = "sqlite:";

impl StoreSettings {
    /// The address of a database on a server, if that is what `url` is; the fault if it is not acceptable as one.
    pub fn server(url: &str) -> Result<Option<String>, Fault> {
        if PostgresOptions::is_meant_by(url) { server(url).map(Some) } else { Ok(None) }
    }

    pub(super) fn read(reader: &mut Reader) -> Self {
        let key = KeyPath::of(&["store", "url"]);
        let meant = reader.or_default(&key, "sqlite:seatless.db", |value| meant_by(value.text()?));
        match meant {
            Meant::Memory => Self { url: "sqlite::memory:".to_owned(), path: None },
            Meant::Server(url) => Self { url, path: None },
            Meant::File(relative) => {
                let path = reader.folder(&reader.origin(&key)).join(relative);
                Self { url: format!("{SQLITE}{}", encoded(&path)), path: Some(path) }
            }
        }
    }
}

/// What a store's URL can mean.
enum Meant {
    Memory,
    File(PathBuf),
    Server(String),
}

fn meant_by(url: &str) -> Result<Meant, Fault> {
    if PostgresOptions::is_meant_by(url) {
        return server(url).map(Meant::Server);
    }
    let Some(rest) = url.strip_prefix(SQLITE) else {
        return Err(Fault::new(
            "it must be sqlite: and the path of a file, or postgres://user@host/database",
        ));
    };
    let path = rest.strip_prefix("//").unwrap_or(rest);
    match path {
        ":memory:" => Ok(Meant::Memory),
        "" => Err(Fault::new("the path of the file is missing behind sqlite:")),
        _ if path.contains(['?', '#', '%']) => Err(Fault::new(
            "the path must not hold ? # or %; the options of the database are not configurable",
        )),
        _ => Ok(Meant::File(PathBuf::from(path))),
    }
}

/// What may stand behind the question mark of a server's address.
const SERVER_OPTIONS: &[&str] =
    &["host", "port", "sslmode", "sslrootcert", "sslcert", "sslkey", "statement-cache-capacity"];

/// The address of a database on a server. It is shown and logged, so it holds no password.
fn server(url: &str) -> Result<String, Fault> {
    let address = Url::parse(url).map_err(|error| Fault::new(format!("it is no address: {error}")))?;
    let options: Vec<_> = address.query_pairs().map(|(name, _)| name.into_owned()).collect();
    if address.password().is_some() || options.iter().any(|name| name == "password") {
        return Err(Fault::new(
            "it must hold no password, since it is shown and logged; put that into the file that PGPASSFILE names, or into \
             PGPASSWORD",
        ));
    }
    if address.username().is_empty() {
        return Err(Fault::new("it must name the user, as in postgres://user@host/database"));
    }
    if address.path().trim_start_matches('/').is_empty() {
        return Err(Fault::new("it must name the database, as in postgres://user@host/database"));
    }
    match options.iter().find(|name| !SERVER_OPTIONS.contains(&name.as_str())) {
        Some(unknown) => {
            Err(Fault::new(format!("{unknown} is no option of it; these are: {}", SERVER_OPTIONS.join(", "))))
        }
        None => Ok(url.to_owned()),
    }
}

/// A path as the driver reads it: it decodes percent signs, and a question mark ends the path.
fn encoded(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}
