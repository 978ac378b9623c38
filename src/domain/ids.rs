//! Identifiers, each its own type, so that a user id cannot stand where a request id belongs.

use serde::{Deserialize, Serialize};
use std::fmt;
use std::str::FromStr;
use uuid::Uuid;

macro_rules! id {
    ($(#[$doc:meta])* $name:ident) => {
        $(#[$doc])*
        #[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(transparent)]
        pub struct $name(pub Uuid);

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.0.hyphenated().fmt(f)
            }
        }

        impl fmt::Debug for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                fmt::Display::fmt(self, f)
            }
        }

        impl FromStr for $name {
            type Err = uuid::Error;
            fn from_str(text: &str) -> Result<Self, Self::Err> {
                text.parse().map($name)
            }
        }
    };
}

id!(
    /// One account somebody asked for: a user name in one environment. A UUIDv7, so ids sort by age.
    RequestId
);
id!(
    /// The directory user behind one or more requests; ours, not Microsoft's.
    UserId
);
id!(
    /// The requests submitted together.
    BatchId
);
id!(
    /// One remote write, recorded before it is sent and never reused.
    IntentId
);
id!(
    /// One start of one worker process; a claim is fenced by it, because epochs repeat after a restore.
    HolderId
);
id!(
    /// One database; part of the marker on every user we create.
    StoreId
);
id!(
    /// The object id of a user in Microsoft Entra.
    ObjectId
);
id!(
    /// The primary key of a `systemuser` row in one Dataverse environment.
    SystemUserId
);
id!(
    /// A license product: `skuId` of Microsoft Graph.
    SkuId
);
