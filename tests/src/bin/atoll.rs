//! `atoll`, as the tests run it.
use std::process::ExitCode;

fn main() -> ExitCode {
    api::cli::main()
}
