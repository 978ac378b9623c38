//! The words of the machine: states, statuses, directions and steps.

use serde::{Deserialize, Serialize};
use std::fmt;

macro_rules! words {
    ($(#[$doc:meta])* $name:ident { $($(#[$variant_doc:meta])* $variant:ident = $text:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(rename_all = "snake_case")]
        pub enum $name { $($(#[$variant_doc])* $variant,)* }

        impl $name {
            /// Every one, in order.
            pub const ALL: &[$name] = &[$($name::$variant,)*];

            /// The text in the database and in JSON.
            pub const fn as_str(self) -> &'static str {
                match self { $($name::$variant => $text,)* }
            }

            /// Reads the text.
            pub fn parse(text: &str) -> Option<Self> {
                match text { $($text => Some($name::$variant),)* _ => None }
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.pad(self.as_str())
            }
        }
    };
}

words! {
    /// The last milestone confirmed in the cloud.
    State {
        /// Nothing is there yet.
        Requested = "requested",
        /// The user exists in the directory.
        Created = "created",
        /// The user holds the license.
        Licensed = "licensed",
        /// The user's row exists in the environment.
        Propagated = "propagated",
        /// The row's access mode is Non-interactive.
        NonInteractive = "non_interactive",
        /// The license is gone again.
        Unlicensed = "unlicensed",
    }
}

words! {
    /// Whether a request is being worked on, and how it ended if not.
    Status {
        /// Seatless works on it, or waits for the right moment.
        Active = "active",
        /// Parked with its failure until a person acts.
        Blocked = "blocked",
        /// The account was seen as it was asked for.
        Succeeded = "succeeded",
        /// Given up, and everything taken was given back.
        Failed = "failed",
        /// Called off, and everything taken was given back.
        Cancelled = "cancelled",
    }
}

words! {
    /// Where an active or blocked request is heading.
    Direction {
        /// Toward the account.
        Forward = "forward",
        /// Back to nothing, because a person called it off.
        Cancelling = "cancelling",
        /// Back to nothing, because the policy gave it up.
        GivingUp = "giving_up",
    }
}

words! {
    /// The work that leads from one state to the next. Lanes turn in this order, the way out before the way in.
    Step {
        /// Look whether the environment can take the account at all, and reserve its slot.
        CheckEnvironment = "check_environment",
        /// Create the directory user.
        CreateUser = "create_user",
        /// Lend it the license.
        AssignLicense = "assign_license",
        /// Wait until the environment has a row for it.
        AwaitPropagation = "await_propagation",
        /// Set the row's access mode, business unit and roles.
        SetNonInteractive = "set_non_interactive",
        /// Take the license back.
        RemoveLicense = "remove_license",
        /// See that the account survived.
        Verify = "verify",
        /// Delete a user that never reached an environment.
        DeleteUser = "delete_user",
        /// Disable a user that did.
        DisableUser = "disable_user",
    }
}

words! {
    /// What a lane is shared by.
    Scope {
        /// All of a tenant: the step talks to Microsoft Graph.
        Tenant = "tenant",
        /// One environment: the step talks to its Dataverse.
        Environment = "environment",
    }
}

impl Step {
    /// What the step's lane is shared by.
    pub const fn scope(self) -> Scope {
        match self {
            Self::CreateUser
            | Self::AssignLicense
            | Self::RemoveLicense
            | Self::DeleteUser
            | Self::DisableUser => Scope::Tenant,
            Self::CheckEnvironment | Self::AwaitPropagation | Self::SetNonInteractive | Self::Verify => {
                Scope::Environment
            }
        }
    }
}

impl Status {
    /// Whether nothing will be done for the request any more, unless a person has a drifted account healed.
    pub const fn is_terminal(self) -> bool {
        match self {
            Self::Active | Self::Blocked => false,
            Self::Succeeded | Self::Failed | Self::Cancelled => true,
        }
    }
}
