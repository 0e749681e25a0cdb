//! The `atoll` program.
use std::process::ExitCode;

/// A request makes hundreds of small allocations, for which that of glibc takes twice the time.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    api::cli::main()
}
