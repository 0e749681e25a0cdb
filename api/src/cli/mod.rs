//! The command line.
mod audit;
mod backup;
mod config;
mod context;
mod doctor;
mod explain;
mod export;
mod import;
mod man;
mod migrate;
mod mode;
mod openapi;
mod purge;
mod ready;
mod seed;
mod serve;
mod transfer;
mod user;

use std::{
    io::{ErrorKind, Write, stderr, stdout},
    path::PathBuf,
    process::ExitCode,
};

use actix_web::rt::System;
use clap::{CommandFactory, Parser, Subcommand};
use clap_complete::Shell;

use crate::{config::Inputs, version};

/// A REST backend for users, posts and comments, on SQLite or PostgreSQL
#[derive(Debug, Parser)]
#[command(name = "atoll", version = version::TEXT)]
struct Cli {
    /// A TOML file with settings, which override those of the folder `config`; environment variables override both
    #[arg(long, global = true, value_name = "FILE")]
    config: Option<PathBuf>,
    /// Command [default: serve]
    #[command(subcommand)]
    command: Option<Command>,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Run the server until SIGTERM or Ctrl-C; a second signal stops it without waiting for running requests
    Serve(serve::Serve),
    /// Manage database migrations
    #[command(subcommand)]
    Migrate(migrate::Command),
    /// Manage users
    #[command(subcommand)]
    User(user::Command),
    /// Add sample rows
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
    /// Make, verify and restore backups
    #[command(subcommand)]
    Backup(backup::Command),
    /// Show or switch the mode of all servers: read-write, or read-only
    Mode(mode::Mode),
    /// Examine the installation; exit with 0 if nothing must be done, 1 after a warning, 2 after an error
    Doctor(doctor::Doctor),
    /// Ask the running server whether it is ready; exit with 1 if not
    Ready,
    /// Print the OpenAPI document of this version
    #[command(name = "openapi")]
    OpenApi,
    /// Show the configuration
    #[command(subcommand)]
    Config(config::Command),
    /// Write manual pages
    Man(man::Pages),
    /// Print a script that completes commands and options in a shell
    #[command(
        after_help = "For example: atoll completions bash > ~/.local/share/bash-completion/completions/atoll"
    )]
    Completions {
        /// The shell that the script is for
        shell: Shell,
    },
}

/// Runs the program. It exits with 0 on success and 1 on failure, unless a command says otherwise; clap exits with 2 on invalid arguments.
pub fn main() -> ExitCode {
    crate::metrics::note_start();
    match System::new().block_on(Cli::parse().run()) {
        Ok(code) => code,
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
    async fn run(self) -> anyhow::Result<ExitCode> {
        let inputs = || Inputs::from_process(self.config);
        let command = self
            .command
            .unwrap_or(Command::Serve(serve::Serve::default()));
        let done = match command {
            Command::Serve(serve) => serve.run(inputs()?).await,
            Command::Migrate(command) => command.run(&inputs()?).await,
            Command::User(command) => Box::pin(command.run(&inputs()?)).await,
            Command::Seed(seed) => seed.run(&inputs()?).await,
            Command::Export(export) => export.run(&inputs()?).await,
            Command::Import(import) => import.run(&inputs()?).await,
            Command::Purge(purge) => purge.run(&inputs()?).await,
            Command::Audit(command) => command.run(&inputs()?).await,
            Command::Backup(command) => Box::pin(command.run(&inputs()?)).await,
            Command::Mode(mode) => mode.run(&inputs()?).await,
            Command::Doctor(doctor) => return doctor.run(&inputs()?).await,
            Command::Ready => ready::run(&inputs()?),
            Command::OpenApi => openapi::run(),
            Command::Man(pages) => pages.run(),
            Command::Config(command) => command.run(&inputs()?),
            Command::Completions { shell } => {
                clap_complete::generate(shell, &mut Cli::command(), "atoll", &mut stdout());
                Ok(())
            }
        };
        done.map(|()| ExitCode::SUCCESS)
    }
}
