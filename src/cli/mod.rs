//! The command line.

mod args;
mod exit;
mod trouble;
mod context;
mod logs;
mod actor;
mod entry;
mod output;
mod init;
mod config;
mod submit;
mod run;
mod signals;
mod order;

pub use entry::main;
