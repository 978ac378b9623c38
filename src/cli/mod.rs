//! The command line.

mod actor;
mod args;
mod config;
mod context;
mod demo;
mod entry;
mod exit;
mod init;
mod logs;
mod order;
mod output;
mod run;
mod signals;
mod simulate;
mod submit;
mod trouble;
mod wait;
mod world_config;

pub use entry::main;
