//! The REST server and its command line. Nothing here knows SQL: every row comes from `service`.
mod audit;
mod auth;
pub mod cli;
mod comments;
pub mod config;
pub mod docs;
pub mod http;
pub mod jobs;
pub mod openapi;
mod posts;
mod roles;
pub mod routes;
pub mod server;
pub mod settings;
mod system;
pub mod telemetry;
mod transfer;
mod users;
