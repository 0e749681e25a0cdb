//! Export and import of rows, shared by HTTP and the command line.
mod cell;
mod columns;
mod csv_records;
mod csv_table;
mod dynamic;
mod fields;
mod format;
mod import;
mod ndjson;
mod pages;
mod reader;
mod record;
mod references;
mod report;
mod writer;

pub use dynamic::{AnyPages, Next, Text, Transfer};
pub use format::Format;
pub use import::{OnError, Stop, Writing, import};
pub use pages::{ExportPage, Pages};
pub use reader::Reading;
pub use references::companions;
pub use report::Report;
