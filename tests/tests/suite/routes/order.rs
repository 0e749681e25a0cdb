//! The order of checks (contract §1): each request breaks two rules, and the answer is about the earlier one.
use reqwest::Method;
use tests::{Client, Reply, TestApp, json};

/// A body, as text, of the type that is named.
async fn send(client: &Client, method: Method, path: &str, kind: &str, body: &str) -> Reply {
    let request = client.request(method, path).header("content-type", kind);
    Reply::send(request.body(body.to_owned())).await
}

const JSON: &str = "application/json";

#[actix_web::test]
async fn a_bad_path_method_id_or_query_comes_before_bad_credentials() {
    let app = TestApp::new().await;
    let stranger = app.anonymous().with_token("no-such-token");

    stranger
        .get("/nothing")
        .await
        .expect_problem(404, "not_found");
    stranger
        .put("/posts/1")
        .await
        .expect_problem(405, "method_not_allowed");
    stranger
        .delete("/posts/0")
        .await
        .expect_problem(400, "malformed_request");
    stranger
        .get("/posts?limit=0")
        .await
        .expect_problem(400, "malformed_request");
    stranger
        .act("/posts/1/purge?now=1")
        .await
        .expect_problem(400, "malformed_request");
}

#[actix_web::test]
async fn bad_credentials_come_before_permissions() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    ada.get("/roles").await.expect_problem(403, "forbidden");

    ada.act("/auth/logout").await.expect_status(204);

    ada.get("/roles")
        .await
        .expect_problem(401, "unauthenticated");
    ada.act("/posts/1/purge")
        .await
        .expect_problem(401, "unauthenticated");
}

#[actix_web::test]
async fn a_caller_without_permission_is_refused_before_the_body_is_read() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let nobody = app.anonymous();

    for (kind, body) in [("text/plain", "x"), (JSON, "{"), (JSON, "[]"), (JSON, "{}")] {
        let by_ada = send(&ada, Method::POST, "/roles", kind, body).await;
        let by_nobody = send(&nobody, Method::POST, "/posts", kind, body).await;

        by_ada.expect_problem(403, "forbidden");
        by_nobody.expect_problem(401, "unauthenticated");
    }
}

#[actix_web::test]
async fn a_caller_without_permission_is_refused_whatever_the_row() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;

    for path in [
        format!("{}/purge", post.url()),
        "/posts/4711/purge".to_owned(),
    ] {
        ada.act(&path).await.expect_problem(403, "forbidden");
        let nobody = app.anonymous().act(&path).await;
        nobody.expect_problem(401, "unauthenticated");
    }
}

#[actix_web::test]
async fn the_bodys_form_comes_before_its_fields() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let typed = send(
        &ada,
        Method::POST,
        "/posts",
        "text/plain",
        "{\"a\":1,\"a\":1}",
    )
    .await;
    let malformed = send(&ada, Method::POST, "/posts", JSON, "{\"a\":1,\"a\":1}").await;

    typed.expect_problem(415, "unsupported_media_type");
    malformed.expect_problem(400, "malformed_request");
}

#[actix_web::test]
async fn the_body_comes_before_the_row() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;

    for path in [post.url(), "/posts/4711"] {
        let unsupported = send(&bob, Method::PATCH, path, "text/plain", "{}").await;
        let malformed = send(&bob, Method::PATCH, path, JSON, "{").await;
        let invalid = send(&bob, Method::PATCH, path, JSON, "{\"title\":\"\"}").await;

        unsupported.expect_problem(415, "unsupported_media_type");
        malformed.expect_problem(400, "malformed_request");
        invalid.expect_problem(422, "validation_failed");
    }
}

#[actix_web::test]
async fn the_row_comes_before_business_rules_and_conflicts() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let root = app.superuser("root").await;
    let admin = app.admin("admin").await;
    let post = ada.publish("Hello").await;
    let draft = ada
        .post("/posts", json!({ "title": "Draft", "content": "…" }))
        .await;
    let taken = json!({ "slug": "hello" });

    bob.patch(post.url(), taken.clone())
        .await
        .expect_problem(403, "forbidden");
    bob.patch(draft.url(), taken)
        .await
        .expect_problem(404, "not_found");
    bob.act(format!("{}/restore", draft.url()))
        .await
        .expect_problem(404, "not_found");
    bob.act(format!("{}/restore", post.url()))
        .await
        .expect_problem(403, "forbidden");
    // The last superuser is also one whom an admin may not touch.
    admin
        .delete(format!("/users/{}", root.id))
        .await
        .expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn a_business_rule_comes_before_uniqueness() {
    let app = TestApp::new().await;
    let (ada, editor) = (app.member("ada").await, app.editor("editor").await);
    ada.publish("Hello").await;

    let by_nobody = json!({ "title": "Hello", "slug": "hello", "content": "…", "author_id": 4711 });
    let reply = editor.post("/posts", by_nobody).await;

    reply
        .expect_problem(422, "validation_failed")
        .expect_error_at("/author_id");
}

#[actix_web::test]
async fn limits_come_before_uniqueness_and_are_reported_together() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    let bad = json!({ "username": "root", "email": "none", "password": "short", "bio": "x".repeat(2001) });
    let reply = root.post("/users", bad).await;

    let reply = reply.expect_problem(422, "validation_failed");
    assert_eq!(reply.places(), ["/bio", "/email", "/password"]);
}
