//! Drift: how a finished account may differ from what was delivered, and what may be done about it.

use super::{Code, Failure, Inapplicable, State};
use serde::{Deserialize, Serialize};

/// One way in which a finished account is no longer as it was delivered.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DriftKind {
    /// The directory has no such user any more.
    UserDeleted,
    /// The user may not sign in.
    UserDisabled,
    /// The user holds the temporary license directly, and not by our doing.
    Licensed,
    /// A group gives the user the temporary license.
    LicensedByGroup,
    /// The environment has no row for the user any more.
    RowMissing,
    /// The row is disabled.
    RowDisabled,
    /// The row's access mode is another one.
    AccessMode,
    /// The row is in another business unit.
    BusinessUnit,
    /// The row lacks a security role that was asked for.
    Roles,
}

impl DriftKind {
    /// Every one, in the order in which they are told.
    pub const ALL: &[DriftKind] = &[
        Self::UserDeleted,
        Self::UserDisabled,
        Self::Licensed,
        Self::LicensedByGroup,
        Self::RowMissing,
        Self::RowDisabled,
        Self::AccessMode,
        Self::BusinessUnit,
        Self::Roles,
    ];

    /// Its row in the catalog of codes.
    pub const fn code(self) -> Code {
        match self {
            Self::UserDeleted => Code::DriftUserDeleted,
            Self::UserDisabled => Code::DriftUserDisabled,
            Self::Licensed => Code::DriftLicensed,
            Self::LicensedByGroup => Code::DriftLicensedByGroup,
            Self::RowMissing => Code::DriftRowMissing,
            Self::RowDisabled => Code::DriftRowDisabled,
            Self::AccessMode => Code::DriftAccessMode,
            Self::BusinessUnit => Code::DriftBusinessUnit,
            Self::Roles => Code::DriftRoles,
        }
    }

    /// The kind that a code names; none for a code that is no drift.
    pub fn of(code: Code) -> Option<Self> {
        Self::ALL.iter().copied().find(|kind| kind.code() == code)
    }

    /// The state at which the way has to begin anew to mend it; none if only a person can.
    ///
    /// A row that is missing or disabled needs a license again (only a licensed user can be enabled: Dataverse error
    /// 0x8004D24C), all else about the row can be written as it is. What was done in the directory is never undone: who
    /// disabled, deleted or licensed the user had a reason.
    pub const fn heals_from(self) -> Option<State> {
        match self {
            Self::RowMissing | Self::RowDisabled => Some(State::Created),
            Self::AccessMode | Self::BusinessUnit | Self::Roles => Some(State::Propagated),
            Self::UserDeleted | Self::UserDisabled | Self::Licensed | Self::LicensedByGroup => None,
        }
    }
}

impl Serialize for DriftKind {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        self.code().serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for DriftKind {
    fn deserialize<D: serde::Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let code = Code::deserialize(deserializer)?;
        Self::of(code).ok_or_else(|| serde::de::Error::custom(format!("{code} is no drift")))
    }
}

/// One drift with what was special about it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Drift {
    /// Which.
    #[serde(rename = "code")]
    pub kind: DriftKind,
    /// What exactly was seen, in plain words; the same words as long as it stays the same. May be empty.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub message: String,
}

impl Drift {
    /// A drift with its detail, cleaned and bounded as a failure's message is.
    pub fn new(kind: DriftKind, detail: impl AsRef<str>) -> Self {
        Self { kind, message: Failure::new(kind.code(), detail).message }
    }

    /// The same as a failure: with its code's sentence, its hint, and who can mend it.
    pub fn failure(&self) -> Failure {
        Failure::new(self.kind.code(), &self.message)
    }
}

/// How the drift of an account has changed from one look to a later one.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DriftChange {
    /// What was known before.
    pub before: Vec<Drift>,
    /// What is known now; empty if the account is as it was delivered again.
    pub after: Vec<Drift>,
}

/// Where the way of a drifted account has to begin anew so that all of its drift is mended.
///
/// # Errors
/// When there is none, or when some of it needs a person: mending the rest would end in a block.
pub fn heal_from(drifts: &[Drift]) -> Result<State, Inapplicable> {
    let mut from: Option<State> = None;
    for drift in drifts {
        let Some(state) = drift.kind.heals_from() else {
            return Err(Inapplicable("some of its drift only a person can mend"));
        };
        from = Some(from.map_or(state, |earlier| earlier.min(state)));
    }
    from.ok_or(Inapplicable("it has not drifted, as far as the last look tells"))
}
