//! The tables as `SeaORM` sees them: `generated/` from a migrated `PostgreSQL` database, with the behaviour beside it.
//!
//! Nothing here derives `Serialize`, so that no column goes out by accident. Lengths, defaults and indexes are in the
//! migrations. Outside, write `::entity`: `use sea_orm::*` brings another `entity` along.

#[expect(
    clippy::disallowed_methods,
    reason = "the derives call what nobody else may"
)]
pub mod audit;
mod behavior;
#[expect(
    clippy::disallowed_methods,
    reason = "the derives call what nobody else may"
)]
mod generated;

pub use generated::*;
