//! API keys: what programs may do for a user (contract §9).
mod ends;

use reqwest::Method;
use serde_json::Value;
use tests::{Client, Reply, TestApp, json, process::eventually, sql};

async fn create(client: &Client, scopes: &[&str]) -> Reply {
    let key = json!({ "name": " Backup ", "scopes": scopes });
    client.post("/auth/api-keys", key).await
}

async fn list(client: &Client) -> Vec<Value> {
    let keys = client
        .get("/auth/api-keys?limit=100")
        .await
        .expect_status(200);
    keys.body["data"].as_array().unwrap().clone()
}

async fn refused(client: &Client) {
    client
        .get("/posts")
        .await
        .expect_problem(401, "unauthenticated");
}

#[actix_web::test]
async fn a_key_is_shown_once_and_does_what_its_scopes_say() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let made = create(&ada, &["posts.create.own"]).await.expect_status(201);

    let text = made.body["key"].as_str().unwrap();
    let prefix = made.body["prefix"].as_str().unwrap();
    assert!(text.starts_with(&format!("{prefix}_")), "{prefix}");
    // 256 random bits, and 64 of a checksum.
    assert_eq!((prefix.len(), text.len()), (14, 14 + 1 + 54));
    assert_eq!(made.header("cache-control"), "no-store");
    assert_eq!(made.url(), format!("/api/v1/auth/api-keys/{}", made.id()));
    let expected = json!({
        "id": made.id(), "name": "Backup", "prefix": prefix, "scopes": ["posts.create.own"],
        "created_at": made.body["created_at"], "last_used_at": null, "expires_at": null,
    });
    assert_eq!(list(&ada).await, [expected]);
    let program = ada.with_token(text);
    let post = program.publish("By a program").await;
    let me = program.get("/auth/me").await.expect_status(200);
    assert_eq!(me.body["username"], "ada");
    assert_eq!(me.body["permissions"], json!(["posts.create.own"]));
    program
        .patch(post.url(), json!({ "summary": "…" }))
        .await
        .expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn an_api_key_cannot_have_a_scope_that_its_owner_lacks() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let admin = app.admin("admin").await;

    for scopes in [
        &["posts.create.own", "posts.create"][..],
        &["comments.create.own", "*"],
        &["posts.update.own", "posts.*"],
        &["users.read.own", "roles.assign"],
    ] {
        create(&ada, scopes)
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at("/scopes/1");
        create(&admin, scopes).await.expect_status(201);
    }
}

#[actix_web::test]
async fn a_key_without_its_parts_is_422() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let good = json!({ "name": "Backup", "scopes": ["posts.read"], "expires_at": "2999-01-01T01:00:00+01:00" });
    let many = vec!["posts.read"; 51];

    for (field, value, at) in [
        ("name", json!(" "), "/name"),
        ("name", json!("x".repeat(101)), "/name"),
        ("scopes", json!([]), "/scopes"),
        ("scopes", json!(many), "/scopes"),
        ("scopes", json!(["posts.read", "posts.write"]), "/scopes/1"),
        ("expires_at", json!("2020-01-01T00:00:00Z"), "/expires_at"),
        ("expires_at", json!("+10000-01-01T00:00:00Z"), "/expires_at"),
        ("expires_at", json!("tomorrow"), "/expires_at"),
        ("prefix", json!("atoll_00000000"), "/prefix"),
        ("user_id", json!(1), "/user_id"),
    ] {
        let mut body = good.clone();
        body[field] = value;
        root.post("/auth/api-keys", body)
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at(at);
    }
    let empty = root.post("/auth/api-keys", json!({})).await;
    assert_eq!(empty.expect_status(422).places(), ["/name", "/scopes"]);
    let made = root.post("/auth/api-keys", good).await.expect_status(201);
    assert_eq!(made.body["expires_at"], "2999-01-01T00:00:00.000000Z");
}

#[actix_web::test]
async fn a_key_does_no_more_than_its_owner_may_now() {
    let app = TestApp::new().await;
    let ada = app.with_permissions("ada", &["roles.read"]).await;
    let root = app.superuser("root").await;
    let program = ada.with_key(&["roles.read", "posts.create.own"]).await;
    let role = root.get("/roles?name=of-ada").await.ids()[0];
    program.get("/roles").await.expect_status(200);

    root.delete(format!("/users/{}/roles/{role}", ada.id))
        .await
        .expect_status(204);

    program.get("/roles").await.expect_problem(403, "forbidden");
    let me = program.get("/auth/me").await.expect_status(200);
    assert_eq!(me.body["permissions"], json!(["posts.create.own"]));
    root.put(format!("/users/{}/roles/{role}", ada.id))
        .await
        .expect_status(204);
    program.get("/roles").await.expect_status(200);
}

#[actix_web::test]
async fn only_an_unrestricted_key_of_a_superuser_is_a_superuser() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let other = app.user("other", true, &[]).await;
    let (whole, part) = (
        root.with_key(&["posts.read", "*"]).await,
        root.with_key(&["users.*", "roles.*", "posts.*"]).await,
    );
    let bio = json!({ "bio": "…" });
    let promoted = json!({ "is_superuser": true });
    let demoted = json!({ "is_superuser": false });
    let bob = app.user("bob", false, &[]).await;

    let patch = async |who: &Client, user: i64, with: &Value| {
        who.patch(format!("/users/{user}"), with.clone())
            .await
            .status
    };

    assert_eq!(patch(&part, other, &bio).await, 403);
    assert_eq!(patch(&part, bob, &bio).await, 403, "a member may comment");
    assert_eq!(patch(&part, bob, &promoted).await, 403);
    assert_eq!(patch(&part, root.id, &demoted).await, 422);
    assert_eq!(patch(&whole, other, &bio).await, 200);
    assert_eq!(patch(&whole, bob, &promoted).await, 200);
    let permissions = async |who: &Client| who.get("/auth/me").await.body["permissions"].clone();
    assert_eq!(permissions(&whole).await, json!(["*"]));
    assert_eq!(
        permissions(&part).await,
        json!(["posts.*", "roles.*", "users.*"])
    );
}

#[actix_web::test]
async fn a_key_is_refused_as_a_cookie_and_a_malformed_key_is_invalid() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let program = ada.with_key(&["posts.create.own"]).await;
    let key = program.token().to_owned();

    let cookie = app
        .anonymous()
        .request(Method::GET, "/posts")
        .header("Cookie", format!("__Host-atoll={key}"));

    Reply::send(cookie)
        .await
        .expect_problem(401, "unauthenticated");
    let upper = key.to_uppercase();
    for text in [
        "atoll_",
        &key[..14],
        &key[..key.len() - 1],
        &format!("{key}A"),
        &upper,
        &key[6..],
    ] {
        refused(&ada.with_token(text)).await;
    }
    program.get("/posts").await.expect_status(200);
}

#[actix_web::test]
async fn a_key_costs_one_statement() {
    let app = TestApp::new().await;
    let editor = app.editor("editor").await;
    let program = editor.with_key(&["posts.read"]).await;
    program.get("/posts").await.expect_status(200);
    // The request does not wait for this write.
    eventually("the first use is noted", async || {
        list(&editor).await[0]["last_used_at"]
            .is_string()
            .then_some(())
    })
    .await;
    app.statements.take();

    program.get("/posts").await.expect_status(200);

    let statements = app.statements.take();
    assert_eq!(statements.len(), 2, "{statements:#?}");
}

#[actix_web::test]
async fn the_use_of_a_key_is_noted_once_a_minute() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let program = ada.with_key(&["posts.create.own"]).await;
    let used = async || {
        program.get("/posts").await.expect_status(200);
        list(&ada).await[0]["last_used_at"].clone()
    };
    let noted_after = async |before: Value| {
        eventually("the use is noted", async || {
            Some(used().await).filter(|at| at.is_string() && *at != before)
        })
        .await
    };
    let first = noted_after(Value::Null).await;
    assert_eq!(used().await, first, "within the minute");

    let long_ago = format!("UPDATE api_keys SET last_used_at = {}", app.ago(61));
    sql::run(&app.kernel, &long_ago).await;
    let aged = list(&ada).await[0]["last_used_at"].clone();

    assert!(noted_after(aged).await.as_str() > first.as_str());
}

#[actix_web::test]
async fn keys_are_in_the_history_and_their_secrets_nowhere() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let made = create(&root, &["posts.read"]).await.expect_status(201);
    let secret = made.body["key"].as_str().unwrap()[15..].to_owned();
    root.delete(made.url()).await.expect_status(204);

    let history = root
        .get(format!("/users/{}/history?sort=id", root.id))
        .await
        .expect_status(200);

    let entries = history.body["data"].as_array().unwrap();
    let [.., created, revoked] = entries.as_slice() else {
        panic!("{entries:?}")
    };
    let key = json!({
        "name": "Backup", "prefix": made.body["prefix"], "scopes": ["posts.read"], "expires_at": null,
    });
    assert_eq!(created["action"], "key_created");
    assert_eq!(
        created["changes"],
        json!({ "api_key": { "from": null, "to": key } })
    );
    assert_eq!(revoked["action"], "key_revoked");
    assert_eq!(revoked["version"], 1, "a key is no change of the user");
    assert!(!history.text.contains(&secret));
    let stored = app.statements.take_whole();
    let text = format!("{stored:?}");
    assert!(text.contains("api_keys") && !text.contains(&secret));
}
