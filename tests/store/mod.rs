//! `cases` say what the verbs of the ports mean; `sqlite` runs them, and adds what only a file can promise.

mod build;
mod cases;
mod sqlite;
mod table;
mod world;
