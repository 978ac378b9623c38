//! The clients for Microsoft's services against scripted answers, and the transport against sockets of this machine.

mod answers;
mod calls;
mod cloud_on_a_port;
mod dataverse;
mod graph;
mod hostile;
mod log;
mod methods;
mod origins;
mod power_platform;
mod script;
mod secrets;
mod sign_in;
mod sockets;
