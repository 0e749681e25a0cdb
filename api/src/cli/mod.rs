//! The command line.
mod audit;
mod config;
mod context;
mod explain;
mod export;
mod import;
mod migrate;
mod openapi;
mod purge;
mod seed;
mod serve;
mod transfer;
mod user;

use std::{
    io::{ErrorKind, Write, stderr},
    process::ExitCode,
};

use actix_web::rt::System;
use clap::{Parser, Subcommand};

/// A REST backend for users, posts and comments, on SQLite or PostgreSQL
#[derive(Debug, Parser)]
#[command(name = "atoll", version)]
struct Cli {
    /// Command [default: serve]
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until SIGTERM or Ctrl-C
    Serve,
    /// Manage database migrations
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Manage users
    #[command(subcommand)]
    User(user::Command),
    /// Add sample users, posts and comments
    Seed(seed::Seed),
    /// Export rows to CSV or NDJSON
    Export(export::Export),
    /// Import rows from a file with the validation of the API
    Import(import::Import),
    /// Delete expired data: deleted rows, idempotency keys, sessions, API keys, tokens and old audit entries
    Purge(purge::Purge),
    /// Check the audit log
    #[command(subcommand)]
    Audit(audit::Command),
    /// Print the OpenAPI document of this version
    #[command(name = "openapi")]
    OpenApi,
    /// Show the configuration
    #[command(subcommand)]
    Config(config::Command),
}

/// Runs the program. It exits with 0 on success and 1 on failure; clap exits with 2 on invalid arguments.
pub fn main() -> ExitCode {
    match System::new().block_on(Cli::parse().run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // If standard error is closed, there is nowhere else to report the error.
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// Tells whether the reader of standard output has stopped, as `head` does in `atoll user list | head`.
fn is_closed_pipe(error: &anyhow::Error) -> bool {
    let io = error.downcast_ref::<std::io::Error>();
    io.is_some_and(|error| error.kind() == ErrorKind::BrokenPipe)
}

impl Cli {
    async fn run(self) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run().await,
            Command::Migrate(command) => command.run().await,
            Command::User(command) => Box::pin(command.run()).await,
            Command::Seed(seed) => seed.run().await,
            Command::Export(export) => export.run().await,
            Command::Import(import) => import.run().await,
            Command::Purge(purge) => purge.run().await,
            Command::Audit(command) => command.run().await,
            Command::OpenApi => openapi::run(),
            Command::Config(command) => command.run(),
        }
    }
}
