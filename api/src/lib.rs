//! The REST server and its command line. It contains no SQL: every row comes from `service`.
mod application;
mod asset;
mod audit;
mod auth;
pub mod cli;
pub mod config;
mod content;
pub mod docs;
mod explain;
pub mod jobs;
mod pages;
mod personal_data;
mod roles;
pub mod routes;
pub mod server;
mod system;
pub mod telemetry;
mod users;
