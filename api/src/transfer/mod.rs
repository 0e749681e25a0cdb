//! Rows in quantity, out and in: the same for HTTP and the command line.
mod by_name;
mod cell;
mod columns;
mod format;
mod pages;
mod write;

pub use by_name::{AnyPages, Transfer};
pub use format::Format;
pub use pages::{Page, Pages};
