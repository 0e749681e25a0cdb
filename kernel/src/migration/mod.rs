//! The migrations of the kernel's own tables, the lock under which migrations run, and functions for those of an application.
#![expect(
    clippy::disallowed_methods,
    reason = "a migration works on whole tables, deleted rows included"
)]

mod audit;
mod grant;
mod history;
mod lock;
mod requirements;
mod rollout;
pub mod schema;
mod secrets;
pub mod side_table;
pub mod words;

mod m20261121_000001_create_deletions;
mod m20261121_000013_create_secrets;
mod m20261121_000020_create_idempotency_keys;
mod m20261121_000021_create_audit;
mod m20261129_000031_create_written_bytes;
mod m20261129_000032_erase_by_join;
mod m20261129_000033_list_audit_entries;
mod m20261130_000035_create_migration_requirements;
mod m20261130_000041_create_server_modes;

pub use history::Step;
pub use lock::Migrator;
pub use requirements::{remove_requirement, require};
use sea_orm_migration::MigrationTrait;
pub use sea_orm_migration::MigratorTraitSelf;
pub use secrets::secret;

/// Returns the migrations of the kernel's own tables and then those of an application.
pub fn with(own: Vec<Box<dyn MigrationTrait>>) -> Vec<Box<dyn MigrationTrait>> {
    steps().into_iter().chain(own).collect()
}

/// Returns the migrations of the kernel's own tables. An application runs them before its own.
pub fn steps() -> Vec<Box<dyn MigrationTrait>> {
    vec![
        Box::new(m20261121_000001_create_deletions::Migration),
        Box::new(m20261121_000013_create_secrets::Migration),
        Box::new(m20261121_000020_create_idempotency_keys::Migration),
        Box::new(m20261121_000021_create_audit::Migration),
        Box::new(m20261129_000031_create_written_bytes::Migration),
        Box::new(m20261129_000032_erase_by_join::Migration),
        Box::new(m20261129_000033_list_audit_entries::Migration),
        Box::new(m20261130_000035_create_migration_requirements::Migration),
        Box::new(m20261130_000041_create_server_modes::Migration),
    ]
}
