//! The simulator's own routes: look inside, change what people change, save and load.

mod act;
mod answer;
mod state;

pub use act::{Act, ActError};
pub(crate) use answer::answer;
pub(crate) use state::state;
