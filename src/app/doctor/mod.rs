//! Whether the tenants and environments of the config are ready: what is wrong, and what to do about it.

mod environment;
mod examination;
mod finding;
mod permissions;
mod tenant;

pub use examination::examine;
pub use finding::{Finding, Health};
pub use permissions::{Permission, needed, required_resource_access};
