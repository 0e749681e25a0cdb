//! The entities of the kernel's own tables. `generated/` is generated from a migrated `PostgreSQL` database.
#[expect(
    clippy::disallowed_methods,
    reason = "the derives call the methods that are disallowed elsewhere"
)]
mod generated;

pub use generated::*;
