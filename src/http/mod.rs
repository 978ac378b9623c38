//! The local socket through which commands reach a running daemon.

mod client;
mod credentials_client;
mod credentials_routes;
mod credentials_wire;
mod local_socket;
mod server;
mod wire;

pub use client::{DaemonClient, DaemonError};
pub use local_socket::{LocalListener, SocketError};
pub use server::{DaemonState, serve};
pub use wire::{Confirmation, Health};
