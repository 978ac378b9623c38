//! The mark on every user that we create.

use crate::domain::{IntentId, StoreId, UserId};
use std::fmt;

/// `seatless:<store>:<user>:<intent>`, kept in the user's `extensionAttribute15` by the create call itself. It answers
/// "is this user ours?" from the cloud alone. A person may edit it: it is evidence, never a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Marker {
    /// The database whose user it is.
    pub store: StoreId,
    /// The user in that database.
    pub user: UserId,
    /// The create that made it; it also says which sealed password is the right one.
    pub intent: IntentId,
}

impl Marker {
    /// How the markers of a database begin.
    pub fn prefix(store: StoreId) -> String {
        format!("seatless:{store}:")
    }

    /// Reads the text; anything else than a marker of ours is nobody's.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parts = text.trim().split(':');
        let ours = parts.next()? == "seatless";
        let (store, user, intent) = (parts.next()?, parts.next()?, parts.next()?);
        if !ours || parts.next().is_some() {
            return None;
        }
        Some(Self { store: store.parse().ok()?, user: user.parse().ok()?, intent: intent.parse().ok()? })
    }
}

impl fmt::Display for Marker {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "seatless:{}:{}:{}", self.store, self.user, self.intent)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use uuid::Uuid;

    #[test]
    fn a_marker_survives_its_text_and_nothing_else_is_one() {
        let marker = Marker {
            store: StoreId(Uuid::from_u128(1)),
            user: UserId(Uuid::from_u128(2)),
            intent: IntentId(Uuid::from_u128(3)),
        };
        let text = marker.to_string();
        assert_eq!(Marker::parse(&text), Some(marker));
        for other in
            ["", "seatless", "seatless:a:b:c", &format!("{text}:x"), &text.replace("seatless", "other")]
        {
            assert_eq!(Marker::parse(other), None, "{other}");
        }
    }
}
