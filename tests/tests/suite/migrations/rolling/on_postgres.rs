//! Migrations that change a table while servers use it.
use kernel::migration::{Migrator, MigratorTraitSelf, schema};
use migration::MIGRATOR;
use sea_orm_migration::prelude::*;
use tests::{
    Sql,
    process::{eventually, within_limit},
};
use tokio::task::spawn_local;

use super::{
    super::{migrator, shared_database, sql},
    NEXT,
};

struct AddIndex;

impl MigrationName for AddIndex {
    fn name(&self) -> &'static str {
        "m29990101_000002_add_index"
    }
}

#[async_trait::async_trait]
impl MigrationTrait for AddIndex {
    async fn up(&self, manager: &SchemaManager) -> Result<(), DbErr> {
        let index = schema::index("posts", "rolling").col("title").take();
        schema::create_index_concurrently(manager, index).await
    }

    fn use_transaction(&self) -> Option<bool> {
        Some(false)
    }
}

const INDEXED: Migrator = Migrator::new(|| {
    let mut all = MIGRATOR.migrations();
    all.push(Box::new(AddIndex));
    all
});

/// Returns once a statement of the database waits for a lock.
async fn until_waiting(sql: &Sql, what: &str) {
    let waiting = format!(
        "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock' AND query LIKE '{what}%'"
    );
    eventually("a migration that waits", async || {
        (sql.number(&waiting).await > 0).then_some(())
    })
    .await;
}

const VALID: &str = "SELECT count(*) FROM pg_index WHERE indexrelid = 'posts_rolling'::regclass AND indisvalid \
    AND pg_get_indexdef(indexrelid) LIKE '%(title)'";
const WRITE: &str = "UPDATE posts SET version = version WHERE id < 0";

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn an_index_is_made_while_others_write() {
    let (_, settings, _place) = shared_database().await;
    let (busy, other) = (sql(&settings).await, sql(&settings).await);
    busy.run("BEGIN").await;
    busy.run(WRITE).await;
    let upgrade = migrator(&settings).await;
    let migrated = spawn_local(async move { upgrade.migrations(INDEXED).up(None).await });
    until_waiting(&other, "CREATE INDEX").await;

    other.run("SET lock_timeout = '20s'").await;
    other.run(WRITE).await;
    busy.run("COMMIT").await;

    within_limit("the migration", migrated)
        .await
        .unwrap()
        .unwrap();
    assert_eq!(other.number(VALID).await, 1);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn an_index_that_an_earlier_attempt_left_is_made_again() {
    let (_, settings, _place) = shared_database().await;
    let sql = sql(&settings).await;
    sql.run("CREATE INDEX posts_rolling ON posts (slug)").await;

    let upgrade = migrator(&settings).await;
    upgrade.migrations(INDEXED).up(None).await.unwrap();

    assert_eq!(sql.number(VALID).await, 1);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_migration_gives_way_to_statements_that_wait_behind_it() {
    let (_, settings, _place) = shared_database().await;
    let (busy, other, watch) = (
        sql(&settings).await,
        sql(&settings).await,
        sql(&settings).await,
    );
    busy.run("BEGIN").await;
    busy.run("SELECT count(*) FROM posts").await;
    let upgrade = migrator(&settings).await;
    let migrated = spawn_local(async move { upgrade.migrations(NEXT).up(None).await });
    until_waiting(&watch, "ALTER TABLE").await;

    // The migration waits for two seconds; this is ten times as long.
    other.run("SET lock_timeout = '20s'").await;
    other.run("SELECT count(*) FROM posts").await;
    busy.run("COMMIT").await;

    within_limit("the migration", migrated)
        .await
        .unwrap()
        .unwrap();
    other.run("SELECT subtitle FROM posts").await;
}
