//! Migrations run up, down, and on several servers at once.
use futures_util::future::join_all;
use kernel::migration::MigratorTraitSelf;
use migration::MIGRATOR;

use super::{empty, migrator, schema, sql};

/// The number of programs that start at once.
const TOGETHER: usize = 6;

#[actix_web::test]
async fn every_migration_runs_up_and_down_and_up() {
    let (settings, _folder) = empty().await;
    let (database, sql) = (migrator(&settings).await, sql(&settings).await);
    let migrations = database.migrations(MIGRATOR);
    // This creates the table of applied migrations.
    migrations.up(Some(0)).await.unwrap();
    let mut before = schema(&sql).await;
    for step in MIGRATOR.migrations() {
        let name = step.name();
        migrations.up(Some(1)).await.unwrap();
        let after = schema(&sql).await;
        migrations.down(1).await.unwrap();
        assert_eq!(schema(&sql).await, before, "down does not undo up: {name}");
        migrations.up(Some(1)).await.unwrap();
        assert_eq!(
            schema(&sql).await,
            after,
            "up after down makes another schema: {name}"
        );
        before = after;
    }

    assert!(
        database
            .migrations(MIGRATOR)
            .pending()
            .await
            .unwrap()
            .is_empty()
    );
    migrations.refresh().await.unwrap();
    assert_eq!(schema(&sql).await, before);
    migrations.fresh().await.unwrap();
    assert_eq!(schema(&sql).await, before);
    migrations.reset().await.unwrap();
    assert_eq!(schema(&sql).await, Vec::<String>::new());
}

#[actix_web::test]
async fn servers_that_start_together_migrate_once() {
    // On SQLite it matters whether there is something to read before the first write.
    for begun in [None, Some(5)] {
        let (settings, _folder) = empty().await;
        if begun.is_some() {
            let database = migrator(&settings).await;
            database.migrations(MIGRATOR).up(begun).await.unwrap();
            database.close().await.unwrap();
        }

        let start = async || {
            let database = migrator(&settings).await;
            let done = database.migrations(MIGRATOR).up(None).await;
            database.close().await.unwrap();
            done
        };
        for done in join_all((0..TOGETHER).map(|_| start())).await {
            done.unwrap();
        }

        let applied = "SELECT version FROM seaql_migrations ORDER BY version";
        let applied = sql(&settings).await.texts(applied).await;
        let mut all: Vec<_> = MIGRATOR
            .migrations()
            .iter()
            .map(|step| step.name().to_owned())
            .collect();
        all.sort();
        assert_eq!(applied, all);
    }
}

#[actix_web::test]
async fn a_failed_migration_undoes_those_before_it() {
    let (settings, _folder) = empty().await;
    let (database, sql) = (migrator(&settings).await, sql(&settings).await);
    sql.run("CREATE TABLE user_roles (other integer)").await;
    let before = schema(&sql).await;

    let failed = database.migrations(MIGRATOR).up(None).await;

    assert!(failed.is_err());
    assert_eq!(schema(&sql).await, before);
    sql.run("DROP TABLE user_roles").await;
    database.migrations(MIGRATOR).up(None).await.unwrap();
    assert!(
        database
            .migrations(MIGRATOR)
            .pending()
            .await
            .unwrap()
            .is_empty()
    );
}

/// A program that is older than its database does not change the schema.
#[actix_web::test]
async fn a_program_does_not_migrate_the_database_of_a_newer_release() {
    let (settings, _folder) = empty().await;
    let (database, sql) = (migrator(&settings).await, sql(&settings).await);
    database.migrations(MIGRATOR).up(None).await.unwrap();
    sql.run(
        "INSERT INTO seaql_migrations (version, applied_at) VALUES ('m29991231_000001_later', 0)",
    )
    .await;

    assert!(database.migrations(MIGRATOR).up(None).await.is_err());
    assert!(database.migrations(MIGRATOR).down(1).await.is_err());
}
