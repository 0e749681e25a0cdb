//! The `atoll` program.
use std::{
    io::{ErrorKind, Write, stderr},
    process::ExitCode,
};

use api::cli::Cli;
use clap::Parser;

/// 0 is success, 1 failure; clap itself ends with 2 when it cannot make sense of the arguments.
#[actix_web::main]
async fn main() -> ExitCode {
    match Cli::parse().run().await {
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
