//! What a person can order for many requests at once.

use super::Command;

/// An order for many requests. It is carried out one by one, and what it comes to is kept for each.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Steering {
    /// Begin nothing until resumed.
    Pause,
    /// Go on.
    Resume,
    /// Try blocked requests again.
    Retry,
    /// Give back everything taken, and end.
    Cancel,
    /// The same, and delete the users even if they reached an environment.
    CancelAndDelete,
}

impl Steering {
    /// All of them.
    pub const ALL: [Self; 5] = [Self::Pause, Self::Resume, Self::Retry, Self::Cancel, Self::CancelAndDelete];

    /// The word that is stored.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Pause => "pause",
            Self::Resume => "resume",
            Self::Retry => "retry",
            Self::Cancel => "cancel",
            Self::CancelAndDelete => "cancel_and_delete",
        }
    }

    /// The order of a word.
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|verb| verb.as_str() == word)
    }

    /// What it orders for one request.
    pub const fn command(self) -> Command {
        match self {
            Self::Pause => Command::Pause,
            Self::Resume => Command::Resume,
            Self::Retry => Command::Retry,
            Self::Cancel => Command::Cancel,
            Self::CancelAndDelete => Command::CancelAndDelete,
        }
    }

    /// Whether nothing may be begun any more for whoever it is ordered for, from the order on until it is carried out.
    pub const fn halts(self) -> bool {
        match self {
            Self::Pause | Self::Cancel | Self::CancelAndDelete => true,
            Self::Resume | Self::Retry => false,
        }
    }
}
