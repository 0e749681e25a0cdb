//! One permission of a role is added and taken away by its own path.
use serde_json::Value;
use tests::{Client, Reply, TestApp, json, sql};

async fn permissions(root: &Client, role: i64) -> Vec<String> {
    let role = root.get(format!("/roles/{role}")).await.expect_status(200);
    let names = role.body["permissions"].as_array().unwrap().iter();
    names
        .map(|name| name.as_str().unwrap().to_owned())
        .collect()
}

async fn role(root: &Client, permissions: &[&str]) -> i64 {
    let role = json!({ "name": "tried", "permissions": permissions });
    root.post("/roles", role).await.expect_status(201).id()
}

#[actix_web::test]
async fn a_permission_is_added_and_taken_away() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let role = role(&root, &["posts.read"]).await;
    let path = |name: &str| format!("/roles/{role}/permissions/{name}");

    for _ in 0..2 {
        root.put(path("comments.*")).await.expect_status(204);
    }
    assert_eq!(permissions(&root, role).await, ["posts.read", "comments.*"]);
    for _ in 0..2 {
        root.delete(path("posts.read")).await.expect_status(204);
    }
    assert_eq!(permissions(&root, role).await, ["comments.*"]);
    root.put(path("*")).await.expect_status(204);
    assert_eq!(permissions(&root, role).await, ["comments.*", "*"]);

    // Each change is a version with an entry, and a repetition is none.
    let history = root.get(format!("/roles/{role}/history?sort=id")).await;
    let entries = history.body["data"].as_array().unwrap();
    let versions: Vec<_> = entries.iter().map(|entry| &entry["version"]).collect();
    assert_eq!(versions, [1, 2, 3, 4]);
    let changed =
        json!({ "permissions": { "from": ["posts.read", "comments.*"], "to": ["comments.*"] } });
    assert_eq!(entries[2]["changes"], changed);
}

#[actix_web::test]
async fn an_unknown_permission_is_refused_as_in_a_patch() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let role = role(&root, &["posts.read"]).await;
    let patch = json!({ "permissions": ["posts.raed"] });
    let patched = root.patch(format!("/roles/{role}"), patch).await;
    let patched = patched.expect_problem(422, "validation_failed");
    let path = format!("/roles/{role}/permissions/posts.raed");

    for reply in [root.put(&path).await, root.delete(&path).await] {
        let reply = reply
            .expect_problem(422, "validation_failed")
            .expect_error_at("/permissions");
        let detail = |body: &Value| body["errors"][0]["detail"].clone();
        assert_eq!(detail(&reply.body), detail(&patched.body));
    }
    // The resource of a stored permission may have been removed.
    let stored = format!(
        "UPDATE roles SET permissions = '[\"posts.read\",\"posts.raed\"]' WHERE id = {role}"
    );
    sql::run(&app.kernel, &stored).await;
    root.delete(&path).await.expect_status(204);
    assert_eq!(permissions(&root, role).await, ["posts.read"]);
}

#[actix_web::test]
async fn a_precondition_is_checked_if_it_is_sent() {
    let app = TestApp::with(|knobs| knobs.api.require_if_match = true).await;
    let root = app.superuser("root").await;
    let role = role(&root, &[]).await;
    let path = format!("/roles/{role}/permissions/posts.read");

    for (tag, status) in [("\"2\"", 412), ("\"1\"", 204), ("\"1\"", 412)] {
        let request = root.request(reqwest::Method::PUT, &path);
        let reply = Reply::send(request.header("if-match", tag)).await;
        reply.expect_status(status);
    }
    root.delete(&path).await.expect_status(204);
}

#[actix_web::test]
async fn a_caller_can_neither_add_nor_take_away_what_they_lack() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let keeper = app
        .with_permissions("keeper", &["roles.*", "posts.read"])
        .await;
    let own = role(&root, &[]).await;
    let path = |name: &str| format!("/roles/{own}/permissions/{name}");

    for lacked in ["*", "posts.*", "users.read"] {
        keeper
            .put(path(lacked))
            .await
            .expect_problem(403, "forbidden");
    }
    keeper.put(path("posts.read")).await.expect_status(204);
    root.put(path("users.read")).await.expect_status(204);
    for name in ["users.read", "posts.read"] {
        keeper
            .delete(path(name))
            .await
            .expect_problem(403, "forbidden");
    }
    assert_eq!(permissions(&root, own).await, ["posts.read", "users.read"]);
}
