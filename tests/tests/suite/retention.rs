//! Expired data is removed, and nothing else (contract §5).
use std::time::Duration;

use kernel::Kernel;
use service::retention;
use tests::{Reply, TestApp, json, sql};

const DAY: i64 = 24 * 60 * 60;

async fn age(app: &TestApp, table: &str, days: i64) {
    let set = format!(
        "UPDATE {table} SET deleted_at = {} WHERE deleted_at IS NOT NULL",
        app.ago(days * DAY)
    );
    sql::run(&app.kernel, &set).await;
}

async fn purge(kernel: &Kernel) -> Vec<(&'static str, u64)> {
    let purged = retention::purge(kernel, |_| {}).await.unwrap();
    purged
        .iter()
        .map(|expired| (expired.table, expired.rows))
        .filter(|(_, rows)| *rows > 0)
        .collect()
}

#[actix_web::test]
async fn deleted_rows_are_purged_after_their_retention_with_the_rows_they_own() {
    let app = TestApp::new().await;
    let (ada, root) = (app.member("ada").await, app.superuser("root").await);
    let (old, young, live) = (
        ada.publish("Old").await,
        ada.publish("Young").await,
        ada.publish("Live").await,
    );
    for post in [&old, &young, &live] {
        ada.comment(post.id(), "…").await;
    }
    ada.delete(old.url()).await.expect_status(204);
    for table in ["posts", "comments", "deletions"] {
        age(&app, table, 31).await;
    }
    ada.delete(young.url()).await.expect_status(204);
    let preview = retention::preview(&app.kernel).await.unwrap();
    let preview: Vec<_> = preview.iter().map(|expired| expired.rows).collect();
    assert_eq!(preview, [0, 0, 1, 1]);

    assert_eq!(
        purge(&app.kernel).await,
        [("comments", 1), ("posts", 1), ("deletions", 1)]
    );

    assert_eq!(purge(&app.kernel).await, []);
    root.get(format!("{}?deleted=include", old.url()))
        .await
        .expect_status(404);
    ada.act(format!("{}/restore", young.url()))
        .await
        .expect_status(200);
    assert_eq!(
        ada.get("/comments?count=exact").await.body["page"]["total"],
        2
    );
    assert_eq!(
        root.get(format!("{}/history", old.url())).await.ids().len(),
        3
    );
}

#[actix_web::test]
async fn a_user_is_purged_with_everything_they_own() {
    let app = TestApp::new().await;
    let (ada, bob, root) = (
        app.member("ada").await,
        app.member("bob").await,
        app.superuser("root").await,
    );
    let hers = ada.publish("Hers").await;
    let his = bob.publish("His").await;
    for (who, post) in [(&ada, &his), (&bob, &hers), (&bob, &his)] {
        who.comment(post.id(), "…").await;
    }
    root.delete(format!("/users/{}", ada.id))
        .await
        .expect_status(204);
    for table in ["users", "posts", "comments", "deletions"] {
        age(&app, table, 31).await;
    }

    assert_eq!(
        purge(&app.kernel).await,
        [
            ("comments", 2),
            ("posts", 1),
            ("users", 1),
            ("deletions", 1)
        ]
    );

    bob.get(his.url()).await.expect_status(200);
    assert_eq!(
        bob.get("/comments?count=exact").await.body["page"]["total"],
        1
    );
}

#[actix_web::test]
async fn more_rows_than_a_batch_are_purged() {
    let app = TestApp::with(|with| with.service.soft_delete.retention = Duration::ZERO).await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let comments = "INSERT INTO comments (created_at, updated_at, version, post_id, author_id, body) \
        SELECT created_at, updated_at, 1, id, author_id, 'x' FROM posts WHERE id = 1";
    for _ in 0..2 {
        sql::run(&app.kernel, comments).await;
    }
    let double = "INSERT INTO comments (created_at, updated_at, version, post_id, author_id, body) \
        SELECT created_at, updated_at, 1, post_id, author_id, 'x' FROM comments";
    for _ in 0..9 {
        sql::run(&app.kernel, double).await;
    }
    ada.delete(post.url()).await.expect_status(204);

    let purged = purge(&app.kernel).await;

    assert_eq!(purged, [("comments", 1024), ("posts", 1), ("deletions", 1)]);
}

#[actix_web::test]
async fn expired_idempotency_keys_and_sessions_are_removed() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for key in ["old", "young"] {
        let post = ada
            .request(reqwest::Method::POST, "/posts")
            .header("Idempotency-Key", key);
        Reply::send(post.json(&json!({ "title": key, "content": "…" })))
            .await
            .expect_status(201);
    }
    sql::run(
        &app.kernel,
        &format!(
            "UPDATE idempotency_keys SET created_at = {} WHERE key = 'old'",
            app.ago(2 * DAY)
        ),
    )
    .await;
    let second = ada.login("ada", tests::PASSWORD).await;
    sql::run(
        &app.kernel,
        &format!(
            "UPDATE sessions SET expires_at = {} WHERE id = 2",
            app.ago(DAY)
        ),
    )
    .await;

    assert_eq!(
        purge(&app.kernel).await,
        [("idempotency_keys", 1), ("sessions", 1)]
    );

    ada.get("/auth/me").await.expect_status(200);
    ada.with_token(&second)
        .get("/auth/me")
        .await
        .expect_status(401);
}
