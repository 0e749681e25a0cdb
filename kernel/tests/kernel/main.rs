//! Tests of the kernel alone, with tables that the product does not have: `library` shows how an application declares its
//! resources and its schema, `operations` what it can do with them, and `columns` which types its columns may have.
#![expect(clippy::unwrap_used, reason = "tests fail by panicking")]

#[expect(
    clippy::large_futures,
    reason = "a row with columns of every type is large"
)]
mod columns;
mod databases;
mod library;
mod operations;
mod plain;

#[expect(
    dead_code,
    unreachable_pub,
    reason = "the suite of the product listens on its ports too"
)]
#[path = "../../../tests/src/port.rs"]
mod port;
