//! What the cloud holds, and how its parts catch up with each other.

mod build;
mod drawn;
mod environment;
mod holding;
mod licensing;
mod settle;
mod tenant;
mod user;
mod witness;

pub(crate) use build::blank_row;
pub use drawn::{Drawn, Draws};
pub(crate) use environment::{BusinessUnit, Environment, Pending, Role, Row};
pub(crate) use holding::{Cloud, Late};
pub(crate) use licensing::Instants;
pub(crate) use settle::Ineligible;
pub(crate) use tenant::{App, Group, Plan, Sku, Tenant};
pub(crate) use user::{Held, User};
pub use witness::Violation;
