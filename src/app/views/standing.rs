//! What people are told of a database that is not trusted.

use super::Moment;
use crate::store::{Doubt, Moved, Standing};

/// Where a database has gone, for whoever reads what is left of it.
pub fn moved_note(moved: &Moved) -> String {
    let at = Moment(moved.at).to_the_second();
    format!("This database was moved to {} ({at}): here is how things stood then.", moved.to)
}

/// What is the matter with the database, and what to do about it; nothing if it is trusted.
pub fn standing_note(standing: Standing) -> Option<String> {
    let Standing::ReportOnly { since, doubt } = standing else { return None };
    let since = Moment(since).to_the_second();
    Some(match doubt {
        Doubt::Restored => format!(
            "An older state of this database was put back ({since}). Work goes on, and looks at the cloud before it writes; \
             the sweep only reports. Look at what it finds with `seatless sweep`, then confirm with `seatless sweep --confirm`."
        ),
        Doubt::Copied => format!(
            "This database is a copy ({since}), and the original may still be in use: nothing is worked on, and the sweep \
             only reports. If the original is out of use, look at `seatless sweep`, then confirm with \
             `seatless sweep --confirm`."
        ),
    })
}
