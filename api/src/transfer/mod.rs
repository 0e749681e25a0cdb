//! Rows in quantity, out and in: the same for HTTP and the command line.
mod by_name;
mod cell;
mod columns;
mod fields;
mod format;
mod import;
mod lines;
mod pages;
mod read;
mod record;
mod records;
mod references;
mod report;
mod table;
mod write;

pub use by_name::{AnyPages, Next, Text, Transfer};
pub use format::Format;
pub use import::{OnError, Stop, Writing, import};
pub use pages::{Page, Pages};
pub use read::Reading;
pub use references::companions;
pub use report::Report;
