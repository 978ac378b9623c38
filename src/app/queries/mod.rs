//! Questions to the store that take more than one verb.

mod batch_lookup;
mod pages;
mod seat_queue;
mod standing;

pub use batch_lookup::{BatchLookupError, find_batch};
pub use pages::Pages;
pub use seat_queue::SeatQueues;
pub use standing::{LANES_MAX, blocked_reasons, lane_of, request_next, stats};
