//! The command line.

mod actor;
mod args;
mod batch_page;
mod config;
mod context;
mod core_dumps;
mod credentials;
mod demo;
mod entry;
mod exit;
mod init;
mod list;
mod listed;
mod logs;
mod order;
mod output;
mod read_args;
mod request_page;
mod run;
mod sheet;
mod show;
mod signals;
mod simulate;
mod stats;
mod stats_page;
mod submit;
mod summary;
mod sweep;
mod terminal;
mod trouble;
mod verify;
mod wait;
mod watch;
mod world_config;

pub use entry::main;
