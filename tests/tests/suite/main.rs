//! Everything that Atoll promises, through the front door.
#![expect(
    clippy::unwrap_used,
    clippy::expect_used,
    reason = "tests fail by panicking"
)]

mod databases;
mod filters;
mod pages;
mod soft_delete;
