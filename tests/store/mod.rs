//! `cases` say what the verbs of the ports mean; `sqlite` and `postgres` run them, and add what only a file or a server can
//! promise.

mod agreement;
mod build;
mod cases;
mod model;
mod postgres;
mod sqlite;
mod table;
mod world;
