//! The version of the program, and the commit that it was built from. The build script sets both.

pub const NUMBER: &str = env!("CARGO_PKG_VERSION");

/// The abbreviated commit, or `unknown`: a development build asks git for none.
pub const COMMIT: &str = env!("ATOLL_BUILD_COMMIT");

/// The text of `atoll --version`: the number, and the commit if it is known.
pub const TEXT: &str = env!("ATOLL_BUILD_TEXT");

/// Returns the commit, if it is known.
pub fn known_commit() -> Option<&'static str> {
    Some(COMMIT).filter(|commit| *commit != "unknown")
}
