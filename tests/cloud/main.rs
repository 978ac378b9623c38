//! The clients for Microsoft's services against scripted answers, and the transport against sockets of this machine.

mod calls;
mod dataverse;
mod graph;
mod methods;
mod origins;
mod power_platform;
mod script;
mod secrets;
mod sign_in;
mod sockets;
