//! Identifiers, each its own type, so that a user id cannot stand where a request id belongs.

use super::UserPrincipalName;
use serde::{Deserialize, Serialize};
use sha2::{Digest, Sha256};
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
    /// The directory user behind one or more requests; ours, not Microsoft's. Made by [`UserId::of`].
    UserId
);
id!(
    /// The requests submitted together.
    BatchId
);
id!(
    /// One order for many requests.
    OperationId
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

impl UserId {
    /// The id of a user of a name. It follows from the name, so that a request which is submitted again after the database
    /// has lost it finds the user that was made for it by the marker. `tenant` is the tenant's name in the config.
    pub fn of(store: StoreId, tenant: &str, tenant_id: Uuid, name: &UserPrincipalName) -> Self {
        let mut hash = Sha256::new();
        hash.update(b"seatless user\0");
        hash.update(store.0.as_bytes());
        hash.update(tenant_id.as_bytes());
        // No canonical name holds a NUL, so that no two pairs give the same bytes.
        hash.update(name.as_str().as_bytes());
        hash.update(b"\0");
        hash.update(tenant.as_bytes());
        let digest: [u8; 32] = hash.finalize().into();
        let mut bytes = [0; 16];
        bytes.copy_from_slice(&digest[..16]);
        // Version 8 of RFC 9562: the application's own way of making it.
        Self(uuid::Builder::from_custom_bytes(bytes).into_uuid())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_users_id_follows_from_store_tenant_and_name_alone() {
        let store = |n| StoreId(Uuid::from_u128(n));
        let name = |text: &str| UserPrincipalName::parse(text).unwrap();
        let id = UserId::of(store(1), "contoso", Uuid::from_u128(2), &name("svc@contoso.com"));
        assert_eq!(id, UserId::of(store(1), "contoso", Uuid::from_u128(2), &name("SVC@Contoso.com")));
        assert_eq!(id.to_string(), "9ea41c79-1366-8be6-a59c-d77a8853d912", "it may never change");
        for other in [
            UserId::of(store(9), "contoso", Uuid::from_u128(2), &name("svc@contoso.com")),
            UserId::of(store(1), "fabrikam", Uuid::from_u128(2), &name("svc@contoso.com")),
            UserId::of(store(1), "contoso", Uuid::from_u128(9), &name("svc@contoso.com")),
            UserId::of(store(1), "contoso", Uuid::from_u128(2), &name("svc2@contoso.com")),
        ] {
            assert_ne!(id, other);
        }
    }
}
