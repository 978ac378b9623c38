//! The pure floor: what a request is and how it moves. No clock, no randomness, no async, no I/O.

mod diagram;
mod drift;
mod event;
mod failed;
mod failure;
mod ids;
mod license;
mod machine;
mod name;
mod policy;
mod progress;
mod request;
mod retry;
mod seams;
mod state;
mod steering;
mod term;
mod turns;
mod watch;

pub use diagram::diagram;
pub use drift::{Drift, DriftChange, DriftKind, heal_from};
pub use event::{EventDraft, EventKind};
pub use failed::Failure;
pub use failure::{Code, CodeRow, UnknownCode, Who};
pub use ids::{
    BatchId, HolderId, IntentId, ObjectId, OperationId, RequestId, SkuId, StoreId, SystemUserId, UserId,
};
pub use license::KNOWN_LICENSES;
pub use machine::{
    Charge, Command, Facts, Inapplicable, Input, LicenseEffect, Outcome, SeatEffect, SlotEffect, Subject,
    Transition, WatchEffect, budget_spent, decide, next_state, step_of,
};
pub use name::{Fault, UserPrincipalName};
pub use policy::Policy;
pub use progress::{Ending, Evidence, EvidenceKind, OpenIntent, Phase, Progress, Timer, Trial};
pub use request::{Account, Membership, NewRequest, OnExisting, Pinned, plain_text, usage_location};
pub use retry::{retry_delay, retry_envelope};
pub use seams::{Chance, Clock, Ids, Instant};
pub use state::{Direction, Scope, State, Status, Step};
pub use steering::Steering;
pub use term::{Term, Terms};
pub use turns::{
    FRESH_TURNS, Granted, Line, PASSED_OVER_MAX, Share, TURN_STRIDE, Waiter, in_turn, shared_turns,
};
pub use watch::{DriftEvidence, Sight, Watch, Weighed, first_look, look_pace};
