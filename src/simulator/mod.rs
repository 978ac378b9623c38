//! A faithful fake of four Microsoft services over HTTP; shares no type with the rest.
//!
//! [`Simulator::respond`] is the whole of it as a function; [`listen()`] puts it on a port.

mod browser;
mod call;
mod certificate;
mod clock;
mod cloud;
mod control;
mod dataverse;
mod delays;
mod dice;
mod entra;
mod faults;
mod graph;
mod ledger;
mod listen;
mod mishap;
mod odata;
mod pipeline;
mod power_platform;
mod refusals;
mod reply;
mod route;
mod service;
mod token;
mod turn;
mod wall;
mod world;

pub use certificate::{Authority, CertificateError};
pub use clock::{Clock, ManualClock, Sleep};
pub use cloud::{Drawn, Draws, Violation};
pub use control::{Act, ActError};
pub use delays::Delays;
pub use faults::{Faults, Refuse};
pub use ledger::{LedgerEntry, Service};
pub use listen::{ListenError, Listening, Spawn, Task, listen};
pub use refusals::{Refusal, Words, refusals};
pub use service::{Dropped, SaveError, Simulator};
pub use wall::{TokioSpawn, WallClock};
pub use world::{
    EnvironmentKind, EnvironmentState, World, WorldApp, WorldEnvironment, WorldError, WorldGroup,
    WorldIssuer, WorldManaged, WorldSignIn, WorldSku, WorldTenant, WorldUser,
};
