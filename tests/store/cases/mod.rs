//! What each verb means, as one async function per sentence.

pub mod life;
