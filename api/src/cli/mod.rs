//! The command line: what an operator types.
mod config;
mod context;
mod explain;
mod migrate;
mod seed;
mod serve;
mod user;

use clap::{Parser, Subcommand};

/// A REST backend for users, posts and comments, on SQLite or PostgreSQL
#[derive(Debug, Parser)]
#[command(name = "atoll", version)]
pub struct Cli {
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
    /// See the configuration
    #[command(subcommand)]
    Config(config::Command),
}

impl Cli {
    pub async fn run(self) -> anyhow::Result<()> {
        match self.command.unwrap_or(Command::Serve) {
            Command::Serve => serve::run().await,
            Command::Migrate(command) => command.run().await,
            Command::User(command) => command.run().await,
            Command::Seed(seed) => seed.run().await,
            Command::Config(command) => command.run(),
        }
    }
}
