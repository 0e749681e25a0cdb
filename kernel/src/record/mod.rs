//! What a transaction records of its changes: the entries of the audit log, and how they are stored.
mod entry;
mod settings;
mod store;

pub use entry::{Did, Entries, Entry};
pub use settings::Settings;
pub use store::{Author, store};
