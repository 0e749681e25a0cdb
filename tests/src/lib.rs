//! The harness: a server with a database of its own for each test, clients for each kind of caller, and replies with assertions.
//!
//! A test runs on the database that [`Backend::current`] names; `tests/suite/databases.rs` runs the whole suite again on the others.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::missing_panics_doc,
    reason = "a harness fails by panicking"
)]

mod app;
mod backend;
mod client;
mod detour;
pub mod mail;
pub mod otlp;
mod otp;
mod place;
pub mod port;
pub mod postgres;
pub mod process;
pub mod raw;
pub mod redis;
mod reply;
pub mod s3;
pub mod service;
pub mod smtp;
pub mod sql;
mod statements;
pub mod stuck;
mod swallow;
pub mod throw_away;

pub use app::{Knobs, PASSWORD, TestApp, service_settings};
pub use backend::{BACKEND, Backend, file_url, migrated_file, settings};
pub use client::Client;
pub use detour::{detour, without_notifications};
pub use otp::Authenticator;
pub use place::{Place, folder};
pub use reply::Reply;
pub use serde_json::json;
pub use service::Service;
pub use sql::Sql;
pub use statements::Statements;
pub use swallow::Swallow;

/// Multiplies a number of rounds by `ATOLL_TEST_SCALE`: the suite must be quick, a search for a rare fault need not.
pub fn scaled(rounds: usize) -> usize {
    let scale = std::env::var("ATOLL_TEST_SCALE").ok();
    scale.map_or(rounds, |scale| rounds * scale.parse::<usize>().unwrap())
}
