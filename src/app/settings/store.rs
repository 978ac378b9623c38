//! `[store]`: where the requests live.

use super::path::KeyPath;
use super::reader::Reader;
use crate::domain::Fault;
use std::path::{Path, PathBuf};

/// Where the requests live.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StoreSettings {
    /// `sqlite:` with the path of the file, or `sqlite::memory:`. `%`, `?` and `#` in the path are percent-encoded, as the
    /// driver expects.
    pub url: String,
    /// The file's path; absent for a database in memory.
    pub path: Option<PathBuf>,
}

/// The prefix of every URL of a store.
const SQLITE: &str = "sqlite:";

impl StoreSettings {
    pub(super) fn read(reader: &mut Reader) -> Self {
        let key = KeyPath::of(&["store", "url"]);
        let file = reader.or_default(&key, "sqlite:seatless.db", |value| file_of(value.text()?));
        match file {
            None => Self { url: "sqlite::memory:".to_owned(), path: None },
            Some(relative) => {
                let path = reader.folder(&reader.origin(&key)).join(relative);
                Self { url: format!("{SQLITE}{}", encoded(&path)), path: Some(path) }
            }
        }
    }
}

/// The path in a store's URL; none for a database in memory.
fn file_of(url: &str) -> Result<Option<PathBuf>, Fault> {
    let Some(rest) = url.strip_prefix(SQLITE) else {
        return Err(Fault::new(
            "it must be sqlite: and the path of a file; no other database is supported yet",
        ));
    };
    let path = rest.strip_prefix("//").unwrap_or(rest);
    match path {
        ":memory:" => Ok(None),
        "" => Err(Fault::new("the path of the file is missing behind sqlite:")),
        _ if path.contains(['?', '#', '%']) => Err(Fault::new(
            "the path must not hold ? # or %; the options of the database are not configurable",
        )),
        _ => Ok(Some(PathBuf::from(path))),
    }
}

/// A path as the driver reads it: it decodes percent signs, and a question mark ends the path.
fn encoded(path: &Path) -> String {
    path.to_string_lossy().replace('%', "%25").replace('?', "%3F").replace('#', "%23")
}
