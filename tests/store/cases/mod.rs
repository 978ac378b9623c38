//! What each verb means: one async function per sentence, the sentence being its name. They know the ports only.

pub mod admission;
pub mod begin;
pub mod claim;
pub mod commit;
pub mod holds;
pub mod intake;
pub mod lanes;
pub mod life;
pub mod operations;
pub mod passwords;
pub mod reading;
pub mod rescue;
pub mod sweeps;
pub mod trust;
pub mod turns;
pub mod watches;
