//! The pure floor: what a request is and how it moves. No clock, no randomness, no async, no I/O.

mod failure;
mod ids;
mod license;
mod name;
mod policy;
mod request;
mod seams;

pub use failure::{Code, CodeRow, Failure, UnknownCode, Who};
pub use ids::{BatchId, HolderId, IntentId, ObjectId, RequestId, SkuId, StoreId, SystemUserId, UserId};
pub use license::KNOWN_LICENSES;
pub use name::{Fault, UserPrincipalName};
pub use policy::Policy;
pub use request::{Account, Membership, NewRequest, OnExisting, Pinned, plain_text, usage_location};
pub use seams::{Chance, Clock, Ids, Instant};
