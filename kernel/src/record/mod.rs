//! The entries of the audit log that a transaction records, and how they are stored.
mod entry;
mod settings;
mod store;

pub use entry::{AuditAction, Entries, Entry};
pub use settings::Settings;
pub use store::{Author, store, values};
