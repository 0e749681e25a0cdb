//! Everything that Atoll promises, through the front door.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

mod audit;
mod auth;
mod cli;
mod comments;
mod concurrency;
mod conditional;
mod counts;
mod crash;
mod databases;
mod filters;
mod idempotency;
mod impact;
mod includes;
mod lists;
mod migrations;
mod openapi;
mod pages;
mod permissions;
mod plans;
mod posts;
mod reads;
mod retention;
mod roles;
mod routes;
mod search;
mod soft_delete;
mod startup;
mod statements;
mod stats;
mod storm;
mod sweep;
mod unavailable;
mod users;
mod writes;
