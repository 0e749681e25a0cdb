//! The schema, step by step: every migration, and the lock under which they run.
//!
//! Use [`Migrator`]: the list of steps beneath it takes no lock.
#![expect(
    clippy::disallowed_methods,
    reason = "a migration works on whole tables, deleted rows included"
)]

mod audit;
mod grant;
mod history;
mod lock;
mod rebuild;
mod schema;
mod search;
mod secrets;
pub mod side_table;
mod slugs;
pub mod words;

mod m20261121_000001_create_deletions;
mod m20261121_000002_create_users;
mod m20261121_000003_create_posts;
mod m20261121_000004_create_comments;
mod m20261121_000005_create_roles;
mod m20261121_000006_create_user_roles;
mod m20261121_000007_create_sessions;
mod m20261121_000008_create_last_logins;
mod m20261121_000009_add_built_in_roles;
mod m20261121_000010_add_post_slug;
mod m20261121_000011_fill_post_slug;
mod m20261121_000012_require_post_slug;
mod m20261121_000013_create_secrets;
mod m20261121_000014_create_search_words;
mod m20261121_000015_search_posts_and_users;
mod m20261121_000016_index_lists;
mod m20261121_000020_create_idempotency_keys;
mod m20261121_000021_create_audit;
mod m20261121_000022_create_session_families;
mod m20261121_000023_create_api_keys;
mod m20261121_000024_create_totp;
mod m20261121_000025_create_one_time_tokens;
mod m20261121_000026_create_mails;
mod m20261121_000027_create_throttles;
mod m20261121_000031_add_proven_to_verified_emails;
mod m20261129_000030_search_folded_words;
mod m20261129_000031_create_written_bytes;
mod m20261129_000032_erase_by_join;

use sea_orm_migration::{MigrationTrait, async_trait};

pub use history::Step;
pub use lock::Migrator;
pub use sea_orm_migration::MigratorTrait;

/// The database of an installation that configures none.
pub const DEFAULT_DATABASE_URL: &str = "sqlite://data/atoll.db?mode=rwc";

/// The list of migrations. `sea-orm-cli migrate generate` adds to it and to the `mod` items above.
struct Steps;

#[async_trait::async_trait]
impl MigratorTrait for Steps {
    fn migrations() -> Vec<Box<dyn MigrationTrait>> {
        vec![
            Box::new(m20261121_000001_create_deletions::Migration),
            Box::new(m20261121_000002_create_users::Migration),
            Box::new(m20261121_000003_create_posts::Migration),
            Box::new(m20261121_000004_create_comments::Migration),
            Box::new(m20261121_000005_create_roles::Migration),
            Box::new(m20261121_000006_create_user_roles::Migration),
            Box::new(m20261121_000007_create_sessions::Migration),
            Box::new(m20261121_000008_create_last_logins::Migration),
            Box::new(m20261121_000009_add_built_in_roles::Migration),
            Box::new(m20261121_000010_add_post_slug::Migration),
            Box::new(m20261121_000011_fill_post_slug::Migration),
            Box::new(m20261121_000012_require_post_slug::Migration),
            Box::new(m20261121_000013_create_secrets::Migration),
            Box::new(m20261121_000014_create_search_words::Migration),
            Box::new(m20261121_000015_search_posts_and_users::Migration),
            Box::new(m20261121_000016_index_lists::Migration),
            Box::new(m20261121_000020_create_idempotency_keys::Migration),
            Box::new(m20261121_000021_create_audit::Migration),
            Box::new(m20261121_000022_create_session_families::Migration),
            Box::new(m20261121_000023_create_api_keys::Migration),
            Box::new(m20261121_000024_create_totp::Migration),
            Box::new(m20261121_000025_create_one_time_tokens::Migration),
            Box::new(m20261121_000026_create_mails::Migration),
            Box::new(m20261121_000027_create_throttles::Migration),
            Box::new(m20261121_000031_add_proven_to_verified_emails::Migration),
            Box::new(m20261129_000030_search_folded_words::Migration),
            Box::new(m20261129_000031_create_written_bytes::Migration),
            Box::new(m20261129_000032_erase_by_join::Migration),
        ]
    }
}
