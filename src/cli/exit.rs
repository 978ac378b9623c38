//! Exit codes: what a script learns without reading anything.

use std::process::ExitCode;

/// How a command ended. The numbers are a promise.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Exit {
    /// 0: done.
    Ok,
    /// 1: not done.
    Failure,
    /// 2: the command line or the list is at fault.
    Usage,
    /// 3: part of a batch did not succeed.
    Partial,
    /// 4: we are not let in, or lack a right.
    Unauthorized,
    /// 5: there is no seat or slot left.
    Shortage,
    /// 6: it did not end in time.
    TimedOut,
    /// 7: something is not as it was left.
    Drift,
}

impl Exit {
    pub(super) const fn code(self) -> u8 {
        match self {
            Self::Ok => 0,
            Self::Failure => 1,
            Self::Usage => 2,
            Self::Partial => 3,
            Self::Unauthorized => 4,
            Self::Shortage => 5,
            Self::TimedOut => 6,
            Self::Drift => 7,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> Self {
        Self::from(exit.code())
    }
}
