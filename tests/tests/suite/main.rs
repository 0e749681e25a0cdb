//! Everything that Atoll promises, through the front door.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

mod auth;
mod comments;
mod cli;
mod concurrency;
mod crash;
mod databases;
mod lists;
mod migrations;
mod permissions;
mod posts;
mod roles;
mod routes;
mod filters;
mod pages;
mod soft_delete;
mod statements;
mod startup;
mod storm;
mod sweep;
mod unavailable;
mod users;
mod writes;
