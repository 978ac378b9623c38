//! The pure floor: what a request is and how it moves. No clock, no randomness, no async, no I/O.

mod ids;
mod seams;
mod failure;

pub use failure::{Code, CodeRow, Failure, UnknownCode, Who};
pub use ids::{BatchId, HolderId, IntentId, ObjectId, RequestId, SkuId, StoreId, SystemUserId, UserId};
pub use seams::{Chance, Clock, Ids, Instant};
