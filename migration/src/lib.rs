//! The schema of the application, step by step, and the list of all migrations.
#![expect(
    clippy::disallowed_methods,
    reason = "a migration works on whole tables, deleted rows included"
)]

mod rebuild;
mod search;
mod slugs;

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
mod m20261121_000014_create_search_words;
mod m20261121_000015_search_posts_and_users;
mod m20261121_000016_index_lists;
mod m20261121_000022_create_session_families;
mod m20261121_000023_create_api_keys;
mod m20261121_000024_create_totp;
mod m20261121_000025_create_one_time_tokens;
mod m20261121_000026_create_mails;
mod m20261121_000027_create_throttles;
mod m20261121_000031_add_proven_to_verified_emails;
mod m20261129_000030_search_folded_words;
mod m20261129_000034_index_posts;

use kernel::migration::Migrator;
use sea_orm_migration::MigrationTrait;

/// The database of an installation that configures none.
pub const DEFAULT_DATABASE_URL: &str = "sqlite://data/atoll.db?mode=rwc";

/// Runs every migration of the application under a lock.
pub const MIGRATOR: Migrator = Migrator::new(migrations);

/// Lists the kernel's migrations and then those of this crate.
fn migrations() -> Vec<Box<dyn MigrationTrait>> {
    kernel::migration::with(own())
}

/// Lists the migrations of this crate. `sea-orm-cli migrate generate` adds to this list and to the `mod` items above; it finds
/// the list because no semicolon follows it.
fn own() -> Vec<Box<dyn MigrationTrait>> {
    vec![
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
        Box::new(m20261121_000014_create_search_words::Migration),
        Box::new(m20261121_000015_search_posts_and_users::Migration),
        Box::new(m20261121_000016_index_lists::Migration),
        Box::new(m20261121_000022_create_session_families::Migration),
        Box::new(m20261121_000023_create_api_keys::Migration),
        Box::new(m20261121_000024_create_totp::Migration),
        Box::new(m20261121_000025_create_one_time_tokens::Migration),
        Box::new(m20261121_000026_create_mails::Migration),
        Box::new(m20261121_000027_create_throttles::Migration),
        Box::new(m20261121_000031_add_proven_to_verified_emails::Migration),
        Box::new(m20261129_000030_search_folded_words::Migration),
        Box::new(m20261129_000034_index_posts::Migration),
    ]
}
