//! Posts: publication, authors, versions and what a patch may say (contract §3, §6).
mod restore;
pub mod slugs;

use serde_json::Value;
use tests::{TestApp, json};

#[actix_web::test]
async fn a_new_post_is_a_draft_of_the_caller() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let new = json!({ "title": "  Hello, World  ", "content": "…" });
    let post = ada.post("/posts", new).await.expect_status(201);

    let expected = json!({
        "id": post.id(), "title": "Hello, World", "slug": "hello-world", "summary": null, "content": "…",
        "status": "draft", "published_at": null, "author_id": ada.id, "version": 1,
        "created_at": post.body["created_at"], "updated_at": post.body["created_at"],
    });
    assert_eq!(post.body, expected);
    assert_eq!(post.url(), format!("/api/v1/posts/{}", post.id()));
    assert_eq!(post.header("content-type"), "application/json");
    assert_eq!(ada.get(post.url()).await.expect_status(200).body, expected);
}

#[actix_web::test]
async fn times_are_utc_in_microseconds() {
    let app = TestApp::new().await;
    let post = app.member("ada").await.publish("Hello").await;

    for field in ["created_at", "updated_at", "published_at"] {
        let time = post.body[field].as_str().unwrap();
        let shape: String = time
            .chars()
            .map(|c| if c.is_ascii_digit() { '0' } else { c })
            .collect();
        assert_eq!(shape, "0000-00-00T00:00:00.000000Z", "{field}");
    }
}

#[actix_web::test]
async fn a_post_keeps_the_time_of_its_first_publication() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada
        .post("/posts", json!({ "title": "Hello", "content": "…" }))
        .await;
    let state = async |status: &str| {
        let patched = ada.patch(post.url(), json!({ "status": status })).await;
        patched.expect_status(200).body["published_at"].clone()
    };

    assert_eq!(state("archived").await, Value::Null);
    let first = state("published").await;
    assert!(first.is_string());
    assert_eq!(state("draft").await, first);
    assert_eq!(state("archived").await, first);
    assert_eq!(state("published").await, first);
}

#[actix_web::test]
async fn each_change_increments_the_version() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;

    let changed = ada
        .patch(post.url(), json!({ "summary": "Short" }))
        .await
        .expect_status(200);
    assert_eq!(changed.body["version"], 2);
    assert_ne!(changed.body["updated_at"], post.body["updated_at"]);
    assert_eq!(changed.body["created_at"], post.body["created_at"]);

    for same in [
        json!({}),
        json!({ "summary": "Short" }),
        json!({ "title": " Hello ", "status": "published" }),
    ] {
        let unchanged = ada.patch(post.url(), same).await.expect_status(200);
        assert_eq!(unchanged.body, changed.body);
    }
}

#[actix_web::test]
async fn a_patch_that_changes_nothing_writes_nothing() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    app.statements.take();

    ada.patch(post.url(), json!({ "title": "Hello" }))
        .await
        .expect_status(200);

    let statements = app.statements.take();
    assert!(!statements.is_empty());
    assert!(
        statements.iter().all(|sql| sql.starts_with("SELECT")),
        "{statements:?}"
    );
}

#[actix_web::test]
async fn null_clears_a_nullable_field_and_is_refused_elsewhere() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let new = json!({ "title": "Hello", "content": "…", "summary": "Short" });
    let post = ada.post("/posts", new).await.expect_status(201);

    let cleared = ada
        .patch(post.url(), json!({ "summary": null }))
        .await
        .expect_status(200);

    assert_eq!(cleared.body["summary"], Value::Null);
    assert_eq!(cleared.body["title"], "Hello");
    for field in ["title", "slug", "content", "status"] {
        ada.patch(post.url(), json!({ field: null }))
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at(&format!("/{field}"));
    }
}

#[actix_web::test]
async fn the_author_is_the_caller_unless_they_may_write_for_others() {
    let app = TestApp::new().await;
    let (ada, bob, editor) = (
        app.member("ada").await,
        app.member("bob").await,
        app.editor("editor").await,
    );
    let by = |id: i64| json!({ "title": "Hello", "content": "…", "author_id": id });

    let own = ada.post("/posts", by(ada.id)).await.expect_status(201);
    let for_bob = editor.post("/posts", by(bob.id)).await.expect_status(201);

    assert_eq!(own.body["author_id"], ada.id);
    assert_eq!(for_bob.body["author_id"], bob.id);
    ada.post("/posts", by(bob.id))
        .await
        .expect_problem(403, "forbidden");
    ada.post("/posts", by(4711))
        .await
        .expect_problem(403, "forbidden");
    editor
        .post("/posts", by(4711))
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/author_id");
    for client in [&ada, &editor] {
        client
            .patch(own.url(), json!({ "author_id": bob.id }))
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at("/author_id");
    }
}

#[actix_web::test]
async fn a_deleted_user_cannot_become_an_author() {
    let app = TestApp::new().await;
    let (root, editor) = (app.superuser("root").await, app.editor("editor").await);
    let gone = app.user("gone", false, &[]).await;
    root.delete(format!("/users/{gone}"))
        .await
        .expect_status(204);

    let post = json!({ "title": "Hello", "content": "…", "author_id": gone });
    let reply = editor.post("/posts", post).await;

    reply
        .expect_problem(422, "validation_failed")
        .expect_error_at("/author_id");
}

#[actix_web::test]
async fn limits_count_characters() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;

    for (field, most) in [
        ("title", 255),
        ("summary", 500),
        ("content", 100_000),
        ("slug", 100),
    ] {
        let letter = if field == "slug" { "a" } else { "𐍈" };
        let full = json!({ field: letter.repeat(most) });
        let over = json!({ field: letter.repeat(most + 1) });

        let reply = ada.patch(post.url(), full.clone()).await.expect_status(200);
        assert_eq!(reply.body[field], full[field]);
        ada.patch(post.url(), over)
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at(&format!("/{field}"));
    }
    for (field, value) in [
        ("title", " \t\n "),
        ("content", ""),
        ("status", "gone"),
        ("status", "Draft"),
    ] {
        ada.patch(post.url(), json!({ field: value }))
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at(&format!("/{field}"));
    }
    let nothing = ada
        .post("/posts", json!({}))
        .await
        .expect_problem(422, "validation_failed");
    assert_eq!(nothing.places(), ["/content", "/title"]);
}
