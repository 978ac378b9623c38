//! The Power Platform admin service (BAP).

mod add_user;
mod answer;
mod environments;
mod refusal;

pub(crate) use answer::answer;
pub(crate) use refusal::refusal;
