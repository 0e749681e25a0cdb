//! The application's tables as `SeaORM` sees them, generated from a migrated `PostgreSQL` database.
//!
//! Nothing here derives `Serialize`, so that no column goes out by accident. Lengths, defaults and indexes are in the
//! migrations. Outside, write `::entity`: `use sea_orm::*` brings another `entity` along.

#[expect(
    clippy::disallowed_methods,
    reason = "the derives call the methods that are disallowed elsewhere"
)]
mod generated;

pub use generated::*;
