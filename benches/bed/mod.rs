pub mod calls;
pub mod crowd;
pub mod database;
pub mod hand_clock;
