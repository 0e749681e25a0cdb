//! A client may send a row back as it read it, and learns everything that is wrong with a body at once.
use reqwest::Method;
use serde_json::Value;
use tests::{Client, Reply, TestApp, json};

/// Sends a PATCH with an `If-Match` header.
async fn patch_if(who: &Client, path: &str, tag: &str, body: &Value) -> Reply {
    let request = who.request(Method::PATCH, path).header("If-Match", tag);
    Reply::send(request.json(body)).await
}

/// Returns a published post of ada with a comment, its path, and the post with its related rows as ada reads it.
async fn read_post(ada: &Client) -> (String, Value) {
    let id = ada.publish("Rust").await.id();
    ada.comment(id, "Nice").await;
    let path = format!("/posts/{id}");
    let row = ada.get(format!("{path}?include=author,comments")).await;
    (path, row.expect_status(200).body)
}

#[actix_web::test]
async fn a_row_can_be_sent_back_as_it_was_read() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let (path, mut row) = read_post(&ada).await;
    row["comments_more"] = true.into();
    row["title"] = "Rust 2".into();

    let changed = ada.patch(&path, row.clone()).await.expect_status(200);

    assert_eq!(changed.body["title"], "Rust 2");
    assert_eq!(changed.body["version"], 2);
    // The version that was read is stale now.
    ada.patch(&path, row).await.expect_status(412);
}

#[actix_web::test]
async fn the_version_in_a_body_is_a_precondition() {
    let app = TestApp::with(|with| with.api.require_if_match = true).await;
    let ada = app.member("ada").await;
    let (path, _) = read_post(&ada).await;
    let body = |version: Value| json!({ "title": "New", "version": version });

    ada.patch(&path, json!({ "title": "New" }))
        .await
        .expect_status(428);
    patch_if(&ada, &path, "\"2\"", &body(1.into()))
        .await
        .expect_problem(400, "malformed_request");
    ada.patch(&path, body(2.into())).await.expect_status(412);
    for wrong in [json!("1"), json!(0), json!(1.5), Value::Null] {
        let refused = ada.patch(&path, body(wrong)).await;
        refused
            .expect_problem(422, "validation_failed")
            .expect_error_at("/version");
    }
    ada.patch(&path, body(1.into())).await.expect_status(200);
    patch_if(&ada, &path, "\"2\"", &body(2.into()))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn another_value_of_a_read_only_field_is_refused_after_the_precondition() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let (path, row) = read_post(&ada).await;

    for (field, value) in [
        ("id", json!(4711)),
        ("author_id", json!(bob.id)),
        ("created_at", json!("2026-01-31T09:30:00.000000Z")),
        ("published_at", Value::Null),
    ] {
        let body = json!({ "title": "New", field: value });
        let refused = ada.patch(&path, body).await;
        let refused = refused.expect_problem(422, "validation_failed");
        let refused = refused.expect_error_at(&format!("/{field}"));
        assert_eq!(refused.body["errors"][0]["code"], "not_allowed");
        let stale = json!({ "title": "New", field: value, "version": 7 });
        ada.patch(&path, stale).await.expect_status(412);
    }
    assert_eq!(ada.get(&path).await.body["title"], row["title"]);
    let of_another = json!({ "title": "New", "id": 4711 });
    bob.patch(&path, of_another.clone())
        .await
        .expect_status(403);
    bob.patch("/posts/4711", of_another)
        .await
        .expect_status(404);

    // Without `version` the client does not care what changed since.
    let other = json!({ "title": "New", "updated_at": "2026-01-31T09:30:00.000000Z" });
    ada.patch(&path, other.clone()).await.expect_status(200);
    let mut other = other;
    other["version"] = 2.into();
    let refused = ada.patch(&path, other).await.expect_status(422);
    refused.expect_error_at("/updated_at");
}

#[actix_web::test]
async fn a_hidden_field_looks_like_one_that_does_not_exist() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let editor = app.with_permissions("editor2", &["users.update"]).await;
    let path = format!("/users/{}", ada.id);

    let refused = async |field: &str| {
        let reply = editor
            .patch(&path, json!({ "bio": "x", field: null }))
            .await;
        reply.expect_status(422).body["errors"][0].clone()
    };

    let (hidden, unknown) = (
        refused("last_login_at").await,
        refused("nothing_here_").await,
    );
    assert_eq!(hidden["code"], unknown["code"]);
    let text =
        |refusal: &Value, field: &str| refusal["detail"].as_str().unwrap().replace(field, "");
    assert_eq!(
        text(&hidden, "last_login_at"),
        text(&unknown, "nothing_here_")
    );
}

#[actix_web::test]
async fn everything_that_is_wrong_with_a_body_is_refused_at_once() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let body = json!({ "titel": "x", "content": 5, "status": "pubished", "slug": "A B" });

    let refused = ada.post("/posts", body).await;

    let refused = refused.expect_problem(422, "validation_failed");
    let errors = refused.body["errors"].as_array().unwrap().iter();
    let mut found: Vec<_> = errors
        .map(|error| {
            (
                error["pointer"].as_str().unwrap(),
                error["code"].as_str().unwrap(),
            )
        })
        .collect();
    found.sort_unstable();
    let expected = [
        ("/content", "wrong_type"),
        ("/slug", "pattern"),
        ("/status", "not_allowed"),
        ("/titel", "unknown_field"),
        ("/title", "required"),
    ];
    assert_eq!(found, expected);
    assert!(
        refused.text.contains("did you mean `title`?"),
        "{}",
        refused.text
    );
}

#[actix_web::test]
async fn the_account_and_a_deleted_row_can_be_sent_back_too() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let mut me = ada.get("/auth/me").await.expect_status(200).body;
    me["bio"] = "Counts".into();
    let changed = ada.patch("/auth/me", me.clone()).await.expect_status(200);
    assert_eq!(changed.body["bio"], "Counts");
    ada.patch("/auth/me", me.clone()).await.expect_status(412);
    me["version"] = changed.body["version"].clone();
    me["updated_at"] = changed.body["updated_at"].clone();
    me["permissions"] = json!(["*"]);
    let refused = ada.patch("/auth/me", me).await.expect_status(422);
    refused.expect_error_at("/permissions");

    let (path, _) = read_post(&ada).await;
    ada.delete(&path).await.expect_status(204);
    let deleted = ada.get(format!("{path}?deleted=include")).await;
    let mut deleted = deleted.expect_status(200).body;
    deleted["title"] = "Back".into();
    let restored = ada.post(format!("{path}/restore"), deleted).await;
    assert_eq!(restored.expect_status(200).body["title"], "Back");
}
