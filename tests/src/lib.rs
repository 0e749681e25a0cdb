//! The harness: a server with a database of its own for each test, clients by who is calling, and replies that say what they expected.
//!
//! A test runs on the database that [`Backend::of_this_run`] names; `tests/suite/databases.rs` runs the whole suite again on the others.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a harness fails by panicking"
)]

mod app;
mod backend;
mod client;
pub mod postgres;
pub mod process;
mod reply;
mod statements;

pub use app::TestApp;
pub use backend::{Backend, settings};
pub use client::Client;
pub use reply::Reply;
pub use serde_json::json;
pub use statements::Statements;
