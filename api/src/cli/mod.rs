//! The command line: what an operator types.
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
    /// What to do; `serve` when nothing is said
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Answer requests until SIGTERM or Ctrl-C
    Serve,
    /// Change the schema of the database, or see where it stands
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Make and change users
    #[command(subcommand)]
    User(user::Command),
    /// Add made-up users, posts and comments
    Seed(seed::Seed),
    /// Write rows to a file, all that there are or some
    Export(export::Export),
    /// Make rows of a file, by the rules of those who make them one by one
    Import(import::Import),
    /// Remove what has had its time: deleted rows, idempotency keys, sign-in sessions, old entries of the audit
    Purge(purge::Purge),
    /// See whether the audit is as it was written
    #[command(subcommand)]
    Audit(audit::Command),
    /// Print the OpenAPI document of this version
    #[command(name = "openapi")]
    OpenApi,
    /// See the configuration
    #[command(subcommand)]
    Config(config::Command),
}

/// What `main` does: 0 is success, 1 failure; clap itself ends with 2 when it cannot make sense of the arguments.
pub fn main() -> ExitCode {
    match System::new().block_on(Cli::parse().run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) if is_closed_pipe(&error) => ExitCode::SUCCESS,
        Err(error) => {
            // There is nowhere else to say it.
            let _ = writeln!(stderr(), "error: {error:#}");
            ExitCode::FAILURE
        }
    }
}

/// `atoll user list | head` has what it wanted.
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
