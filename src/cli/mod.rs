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
mod simulate;
mod world_config;
mod demo;

pub use entry::main;
