//! Everything that Atoll promises, through the front door.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod audit;
mod auth;
mod cli;
mod comments;
mod concurrency;
mod conditional;
mod crash;
mod databases;
mod filters;
mod idempotency;
mod includes;
mod lists;
mod migrations;
mod pages;
mod permissions;
mod posts;
mod reads;
mod roles;
mod routes;
mod search;
mod soft_delete;
mod startup;
mod statements;
mod storm;
mod sweep;
mod unavailable;
mod users;
mod writes;
