//! What the migrations promise, on a `SQLite` file: it is where a table has to be rebuilt.

#![expect(clippy::unwrap_used, reason = "a panic is how a test fails")]

use std::{
    fs,
    path::{Path, PathBuf},
};

use kernel::migration::MigratorTraitSelf;
use migration::MIGRATOR;
use sea_orm_migration::sea_orm::{
    ConnectionTrait, Database, DatabaseConnection, Statement, TransactionTrait,
};

const ROWS: &str = "
    INSERT INTO users (created_at, updated_at, version, username, username_key, email, email_key, password_hash)
        VALUES ('t', 't', 1, 'ada', 'ada', 'ada@example.org', 'ada@example.org', '');
    INSERT INTO posts (created_at, updated_at, version, author_id, title, content, status)
        VALUES ('t', 't', 1, 1, 'Same', 'a', 'draft'), ('t', 't', 1, 1, 'Same', 'b', 'draft'),
               ('t', 't', 1, 1, 'Same 2', 'c', 'draft'), ('t', 't', 1, 1, '…', 'd', 'draft'),
               ('t', 't', 1, 1, 'Last', 'e', 'draft');
    INSERT INTO comments (created_at, updated_at, version, post_id, author_id, body)
        VALUES ('t', 't', 1, 1, 1, 'x'), ('t', 't', 1, 2, 1, 'y');
    DELETE FROM posts WHERE title = 'Last';";

const POSTS: &str = "SELECT group_concat(id || title || content, ' ') FROM posts";
const SLUGS: &str = "SELECT group_concat(slug, ' ' ORDER BY id) FROM posts";
const COMMENTS: &str = "SELECT group_concat(id || ':' || post_id, ' ') FROM comments";
const SCHEMA: &str =
    "SELECT group_concat(coalesce(sql, name), char(10) ORDER BY name) FROM sqlite_schema";

/// An empty database.
async fn create(name: &str) -> DatabaseConnection {
    let _ = fs::remove_file(path(name));
    connect(name).await
}

/// One more connection to it.
async fn connect(name: &str) -> DatabaseConnection {
    let url = format!("sqlite://{}?mode=rwc", path(name).display());
    Box::pin(Database::connect(url)).await.unwrap()
}

fn path(name: &str) -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join(name)
}

async fn text(db: &DatabaseConnection, sql: &str) -> String {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    let row = db.query_one_raw(statement).await.unwrap().unwrap();
    row.try_get_by_index(0).unwrap()
}

async fn pending(db: &DatabaseConnection) -> usize {
    let history = MIGRATOR.history(db).await.unwrap();
    history
        .iter()
        .filter(|step| step.applied_at.is_none())
        .count()
}

/// The last migration of the application before posts have slugs. The kernel's come before all of them.
const BEFORE_SLUGS: &str = "m20261121_000009";
/// The last migration before the one that requires slugs, which makes the index `posts_slug_live`.
const BEFORE_SLUGS_ARE_REQUIRED: &str = "m20261121_000011";

/// The number of migrations after [`BEFORE_SLUGS`].
fn after_slugs() -> usize {
    let steps = MIGRATOR.migrations();
    let mut names = steps.iter().map(|step| step.name());
    let last = names.position(|name| name.starts_with(BEFORE_SLUGS));
    steps.len() - 1 - last.unwrap()
}

#[tokio::test]
async fn adding_and_removing_the_slug_loses_no_row() {
    let db = create("slug.db").await;
    MIGRATOR.up(&db, None).await.unwrap();
    let schema = text(&db, SCHEMA).await;
    MIGRATOR.to(&db, BEFORE_SLUGS).await.unwrap();
    db.execute_unprepared(ROWS).await.unwrap();
    let (posts, comments) = (text(&db, POSTS).await, text(&db, COMMENTS).await);

    // In somebody's transaction, as a savepoint.
    let tx = db.begin().await.unwrap();
    MIGRATOR.up(&tx, None).await.unwrap();
    tx.commit().await.unwrap();

    assert_eq!(text(&db, SLUGS).await, "same same-3 same-2 post");
    assert_eq!(text(&db, SCHEMA).await, schema);
    let insert = "INSERT INTO posts (created_at, updated_at, version, author_id, title, content, status, slug)
        VALUES ('t', 't', 1, 1, 'New', 'f', 'draft', 'new') RETURNING CAST(id AS TEXT)";
    assert_eq!(text(&db, insert).await, "6", "an id is never given twice");
    db.execute_unprepared("DELETE FROM posts WHERE id = 6")
        .await
        .unwrap();

    MIGRATOR.to(&db, BEFORE_SLUGS).await.unwrap();

    assert_eq!(pending(&db).await, after_slugs());
    assert_eq!(text(&db, POSTS).await, posts);
    assert_eq!(text(&db, COMMENTS).await, comments);
}

#[tokio::test]
async fn a_failed_migration_leaves_nothing_behind() {
    let db = create("failed.db").await;
    MIGRATOR.to(&db, BEFORE_SLUGS_ARE_REQUIRED).await.unwrap();
    db.execute_unprepared("CREATE INDEX posts_slug_live ON users (email)")
        .await
        .unwrap();
    let (schema, still_pending) = (text(&db, SCHEMA).await, pending(&db).await);

    MIGRATOR.up(&db, None).await.unwrap_err();

    assert_eq!(text(&db, SCHEMA).await, schema);
    assert_eq!(pending(&db).await, still_pending);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 4)]
async fn those_who_start_together_migrate_once() {
    let db = create("together.db").await;
    MIGRATOR.to(&db, BEFORE_SLUGS).await.unwrap();

    let mut all = Vec::new();
    for _ in 0..4 {
        let process = connect("together.db").await;
        all.push(tokio::spawn(
            async move { MIGRATOR.up(&process, None).await },
        ));
    }
    for one in all {
        one.await.unwrap().unwrap();
    }

    assert_eq!(pending(&db).await, 0);
}

#[test]
fn every_step_is_a_transaction() {
    for step in MIGRATOR.migrations() {
        let name = step.name();
        assert_eq!(
            step.use_transaction(),
            Some(true),
            "SQLite would keep half of a failed migration: add `use_transaction` to {name}"
        );
    }
}

#[tokio::test]
async fn an_unclear_version_is_refused() {
    let db = create("version.db").await;

    MIGRATOR.to(&db, "m2026").await.unwrap_err();
    MIGRATOR.to(&db, "nothing").await.unwrap_err();

    assert_eq!(pending(&db).await, MIGRATOR.migrations().len());
}

#[tokio::test]
async fn fresh_empties_a_database_with_references() {
    let db = create("fresh.db").await;
    MIGRATOR.to(&db, BEFORE_SLUGS).await.unwrap();
    db.execute_unprepared(ROWS).await.unwrap();

    MIGRATOR.fresh(&db).await.unwrap();

    assert_eq!(
        text(&db, "SELECT CAST(count(*) AS TEXT) FROM users").await,
        "0"
    );
    assert_eq!(pending(&db).await, 0);
}

#[tokio::test]
async fn a_rebuilt_table_keeps_its_triggers() {
    let db = create("triggers.db").await;
    MIGRATOR.to(&db, "m20261121_000012").await.unwrap();
    let trigger = "CREATE TRIGGER posts_noted AFTER INSERT ON posts BEGIN
        INSERT INTO deletions (created_at) VALUES (NEW.title); END";
    db.execute_unprepared(trigger).await.unwrap();
    let kept = "SELECT sql FROM sqlite_schema WHERE name = 'posts_noted'";

    MIGRATOR.to(&db, BEFORE_SLUGS).await.unwrap();
    assert_eq!(text(&db, kept).await, trigger);
    MIGRATOR.to(&db, "m20261121_000012").await.unwrap();

    assert_eq!(text(&db, kept).await, trigger);
}

/// VACUUM puts virtual tables behind those that they keep their rows in.
#[tokio::test]
async fn fresh_empties_a_database_with_search_that_was_vacuumed() {
    let db = create("vacuumed.db").await;
    MIGRATOR.up(&db, None).await.unwrap();
    let schema = text(&db, SCHEMA).await;
    db.execute_unprepared("VACUUM").await.unwrap();

    MIGRATOR.fresh(&db).await.unwrap();

    assert_eq!(text(&db, SCHEMA).await, schema);
}
