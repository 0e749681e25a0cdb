//! A database with rows is migrated down and up again.
use migration::MIGRATOR;
use std::collections::BTreeMap;

use secrecy::ExposeSecret;
use tests::{Sql, TestApp, json};

use super::{columns, migrator, schema, shared_database, sql, tables};

/// The last migration before those that add, fill and require `posts.slug`.
const BEFORE_SLUGS: &str = "m20261121_000009";

/// Creates users, posts, comments and roles, live and deleted.
async fn write_rows(app: &TestApp) {
    let root = app.superuser("root").await;
    let (ada, bob, eve) = (
        app.editor("ada").await,
        app.member("bob").await,
        app.member("eve").await,
    );
    let hello = ada.publish("Hello").await;
    let again = bob.publish("Hello").await;
    let chosen =
        json!({ "title": "Third", "slug": "my-own", "content": "…", "summary": "'quoted'" });
    ada.post("/posts", chosen).await.expect_status(201);
    let theirs = eve.publish("Crème brûlée").await;
    for post in [&hello, &again, &theirs] {
        ada.comment(post.id(), "first\nline").await;
        eve.comment(post.id(), "second 🎉").await;
    }
    let gone = bob.comment(hello.id(), "gone").await;
    bob.delete(gone.url()).await.expect_status(204);
    let gone = bob.publish("Gone").await;
    bob.delete(gone.url()).await.expect_status(204);
    root.delete(format!("/users/{}", eve.id))
        .await
        .expect_status(204);
    let role = json!({ "name": "reader", "permissions": ["posts.read"] });
    let role = root.post("/roles", role).await.expect_status(201);
    root.put(format!("/users/{}/roles/{}", bob.id, role.id()))
        .await
        .expect_status(204);
}

/// Returns every row of every table as text, without the slugs.
async fn rows(sql: &Sql) -> BTreeMap<String, Vec<String>> {
    let mut all = BTreeMap::new();
    for table in tables(sql).await {
        if table == "seaql_migrations" {
            continue;
        }
        let mut columns = columns(sql, &table).await;
        columns.retain(|column| column != "slug");
        let pair = |column: &String| {
            if sql.is_postgres() {
                format!(r#"'{column}', "{column}""#)
            } else {
                format!(r#"'{column}', quote("{column}")"#)
            }
        };
        let pairs: Vec<_> = columns.iter().map(pair).collect();
        let object = if sql.is_postgres() {
            format!("CAST(json_build_object({}) AS text)", pairs.join(", "))
        } else {
            format!("json_object({})", pairs.join(", "))
        };
        let select = format!("SELECT {object} FROM {table} ORDER BY 1");
        all.insert(table, sql.texts(&select).await);
    }
    all
}

#[actix_web::test]
async fn a_database_in_use_migrates_down_and_up_without_losing_a_row() {
    let (backend, settings, _folder) = shared_database().await;
    let url = settings.url.expose_secret();
    write_rows(&TestApp::at(url, backend, |_| {}).await).await;
    let (database, sql) = (migrator(&settings).await, sql(&settings).await);
    let slugs = "SELECT slug FROM posts ORDER BY id";
    let (had, was, named) = (rows(&sql).await, schema(&sql).await, sql.texts(slugs).await);
    for table in ["users", "posts", "comments"] {
        let deleted = format!("SELECT count(*) FROM {table} WHERE deleted_at IS NOT NULL");
        assert!(sql.number(&deleted).await > 0, "no deleted {table} to lose");
    }

    database
        .migrations(MIGRATOR)
        .to(BEFORE_SLUGS)
        .await
        .unwrap();
    let between = rows(&sql).await;
    database.migrations(MIGRATOR).up(None).await.unwrap();

    // Later migrations remove their own tables and keys, and one of them ends all sessions.
    let has = rows(&sql).await;
    let is_lasting = |table: &String| table != "sessions" && table != "secrets";
    let between = between.into_iter().filter(|(table, _)| is_lasting(table));
    let between: BTreeMap<_, _> = between.collect();
    assert!(between["posts"].len() > 4, "there were rows to lose");
    for (table, rows) in between {
        assert_eq!(rows, had[&table], "{table}, after going down");
        assert_eq!(has[&table], had[&table], "{table}, after coming back");
    }
    assert_eq!(schema(&sql).await, was);
    assert!(named[1].starts_with("hello-"), "{named:?}");
    assert_eq!(
        [&named[0], &named[2], &named[3], &named[4]],
        ["hello", "my-own", "creme-brulee", "gone"]
    );
    assert_eq!(
        sql.texts(slugs).await,
        ["hello", "hello-2", "third", "creme-brulee", "gone"],
        "only what was chosen by hand is made anew"
    );
}
