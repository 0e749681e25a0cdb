//! `atoll`, as the tests run it: its clock may be wrong by as many seconds as `TEST_CLOCK_SHIFT` says.
use std::process::ExitCode;

fn main() -> ExitCode {
    let shift = std::env::var("TEST_CLOCK_SHIFT").ok();
    if let Some(seconds) = shift.and_then(|seconds| seconds.parse().ok()) {
        kernel::clock::shift(seconds);
    }
    api::cli::main()
}
