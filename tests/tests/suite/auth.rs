//! Signing up, in and out (contract §9).
mod api_keys;
mod cookie;
mod guessable;
mod hashing;
mod made_up;
mod me;
mod nodes;
mod on_file;
mod on_postgres;
mod password;
mod plain_http;
mod sessions;
mod throttle;
mod totp;
mod unicode;

use serde_json::Value;
use service::identity::Registration;
use tests::{Backend, Client, PASSWORD, Reply, Sql, TestApp, json};

async fn login(client: &Client, login: &str, password: &str) -> Reply {
    client
        .post(
            "/auth/login",
            json!({ "login": login, "password": password }),
        )
        .await
}

#[actix_web::test]
async fn a_newcomer_registers_and_signs_in() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();

    let account = json!({
        "username": " Ada ", "email": " Ada@Example.org ", "password": PASSWORD, "full_name": "Ada L.", "bio": "…",
    });
    let user = nobody
        .post("/auth/register", account)
        .await
        .expect_status(201);

    let expected = json!({
        "id": user.id(), "username": "Ada", "email": "Ada@Example.org", "full_name": "Ada L.", "bio": "…",
        "is_active": true, "is_superuser": false, "roles": ["member"], "last_login_at": null, "version": 1,
        "created_at": user.body["created_at"], "updated_at": user.body["created_at"],
    });
    assert_eq!(user.body, expected);
    assert_eq!(user.url(), format!("/api/v1/users/{}", user.id()));
    for name in ["Ada", "ada", "ADA@example.ORG", "ａｄａ", " ada "] {
        login(&nobody, name, PASSWORD).await.expect_status(200);
    }
}

#[actix_web::test]
async fn a_sign_in_gives_a_token_until_a_time_and_the_user() {
    let app = TestApp::new().await;
    app.user("ada", false, &[]).await;

    let reply = login(&app.anonymous(), "ada", PASSWORD)
        .await
        .expect_status(200);

    let members: Vec<_> = reply.body.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["expires_at", "refresh_token", "token", "token_type", "user"]
    );
    assert_eq!(reply.body["token_type"], "Bearer");
    assert!(reply.body["expires_at"].as_str().unwrap().ends_with('Z'));
    assert!(reply.body["user"]["last_login_at"].is_string());
    let token = reply.body["token"].as_str().unwrap();
    // The prefix, then 128 bits of its session, 256 of its own and 64 of a checksum, in base64.
    assert_eq!(token.len(), 3 + 75);
    let me = app
        .anonymous()
        .with_token(token)
        .get("/auth/me")
        .await
        .expect_status(200);
    assert_eq!(me.body["username"], "ada");
    assert_eq!(me.body["version"], 1, "signing in is no change of the user");
}

#[actix_web::test]
async fn every_sign_in_that_fails_gets_the_same_answer() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    for name in ["ada", "inactive", "deleted"] {
        app.user(name, false, &[]).await;
    }
    let id = async |name: &str| root.get(format!("/users?username={name}")).await.ids()[0];
    let off = json!({ "is_active": false });
    root.patch(format!("/users/{}", id("inactive").await), off)
        .await
        .expect_status(200);
    root.delete(format!("/users/{}", id("deleted").await))
        .await
        .expect_status(204);
    login(&app.anonymous(), "ada", PASSWORD)
        .await
        .expect_status(200);
    app.statements.take();

    let mut answers = Vec::new();
    for (name, password) in [
        ("ada", "wrong password"),
        ("nobody", PASSWORD),
        ("deleted", PASSWORD),
        ("deleted@example.org", PASSWORD),
        ("ada", "x"),
        ("inactive", "wrong password"),
    ] {
        let reply = login(&app.anonymous(), name, password).await;
        let mut reply = reply.expect_problem(401, "unauthenticated");
        assert_eq!(reply.body["detail"], "wrong user name or password");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
        reply.body["request_id"] = Value::Null;
        answers.push((reply.body, app.statements.take().len()));
    }

    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");

    app.statements.take();
    let reply = login(&app.anonymous(), "inactive", PASSWORD).await;
    let reply = reply.expect_problem(401, "unauthenticated");
    assert_eq!(app.statements.take().len(), answers[0].1);
    let text = "this account is deactivated: ask an administrator to activate it";
    assert_eq!(reply.body["detail"], text);
    assert_eq!(
        reply.body["errors"],
        json!([{ "pointer": "/login", "code": "deactivated", "detail": text }])
    );
}

#[actix_web::test]
async fn a_sign_in_without_its_parts_is_422() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();

    let empty = nobody.post("/auth/login", json!({})).await;
    let long = login(&nobody, "ada", &"x".repeat(129)).await;

    assert_eq!(
        empty.expect_problem(422, "validation_failed").places(),
        ["/login", "/password"]
    );
    long.expect_problem(422, "validation_failed")
        .expect_error_at("/password");
}

#[actix_web::test]
async fn a_logout_ends_this_session_and_no_other() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let elsewhere = ada.with_token(&app.anonymous().login("ada", PASSWORD).await);

    ada.act("/auth/logout").await.expect_status(204);

    ada.get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    ada.get("/posts")
        .await
        .expect_problem(401, "unauthenticated");
    ada.act("/auth/logout")
        .await
        .expect_problem(401, "unauthenticated");
    elsewhere.get("/auth/me").await.expect_status(200);
}

#[actix_web::test]
async fn an_expired_token_is_invalid() {
    let app = TestApp::on(open_to_look_into()).await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let sql = Sql::open(&app.url).await;
    let past =
        "UPDATE sessions SET expires_at = '2020-01-01T00:00:00.000000+00:00' WHERE user_id =";

    sql.run(&format!("{past} {}", ada.id)).await;

    ada.get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    ada.get("/posts")
        .await
        .expect_problem(401, "unauthenticated");
    bob.get("/auth/me").await.expect_status(200);
    let again = app.anonymous().login("ada", PASSWORD).await;
    ada.with_token(&again)
        .get("/auth/me")
        .await
        .expect_status(200);
    sql.close().await;
}

/// However they became so: what a deactivation erases is one thing, what a token needs another.
#[actix_web::test]
async fn a_token_of_an_inactive_user_is_invalid() {
    let app = TestApp::on(open_to_look_into()).await;
    let ada = app.member("ada").await;
    let sql = Sql::open(&app.url).await;
    ada.get("/auth/me").await.expect_status(200);

    sql.run("UPDATE users SET is_active = false").await;

    ada.get("/posts")
        .await
        .expect_problem(401, "unauthenticated");
    sql.close().await;
}

#[actix_web::test]
async fn neither_a_password_nor_a_token_is_stored() {
    let app = TestApp::on(open_to_look_into()).await;
    let ada = app.member("ada").await;
    let sql = Sql::open(&app.url).await;

    let password = sql.texts("SELECT password_hash FROM users").await;
    let hashes = sql
        .number("SELECT count(*) FROM sessions WHERE length(token_hash) = 32 AND length(refresh_hash) = 32")
        .await;

    assert!(password[0].starts_with("$argon2id$v=19$m="), "{password:?}");
    assert_eq!(hashes, 1);
    assert!(ada.token().starts_with("at_"));
    sql.close().await;
}

/// An in-memory database has no second connection.
fn open_to_look_into() -> Backend {
    match Backend::current() {
        Backend::Memory => Backend::File,
        other => other,
    }
}

#[actix_web::test]
async fn registration_can_be_closed() {
    let app = TestApp::with(|with| with.service.auth.registration = Registration::Closed).await;

    let account = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    let reply = app.anonymous().post("/auth/register", account).await;

    reply.expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn registration_takes_only_the_data_of_the_new_user() {
    let app = TestApp::new().await;
    let account = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });

    for field in [
        "is_superuser",
        "is_active",
        "roles",
        "permissions",
        "id",
        "password_hash",
    ] {
        let mut account = account.clone();
        account[field] = true.into();
        let reply = app.anonymous().post("/auth/register", account).await;

        reply
            .expect_problem(422, "validation_failed")
            .expect_error_at(&format!("/{field}"));
    }
}
