//! `auth.require_totp_for` lists the roles whose holders need a second factor.
use reqwest::Method;
use tests::{Authenticator, Client, PASSWORD, Reply, TestApp, json};

async fn app() -> TestApp {
    TestApp::with(|knobs| knobs.service.auth.require_totp_for = vec!["editor".to_owned()]).await
}

async fn withheld(client: &Client, method: Method, path: &str) {
    let body = json!({ "name": "Key", "scopes": ["posts.read"] });
    let reply = Reply::send(client.request(method, path).json(&body)).await;
    let reply = reply.expect_problem(403, "forbidden");
    let detail = reply.body["detail"].as_str().unwrap();
    assert!(detail.contains("POST /api/v1/auth/totp"), "{detail}");
}

#[actix_web::test]
async fn whoever_has_such_a_role_only_reaches_their_account_until_it_is_on() {
    let app = app().await;
    let editor = app.editor("ada").await;
    Authenticator::pending(&editor).await;

    for (method, path) in [
        (Method::GET, "/posts"),
        (Method::POST, "/posts"),
        (Method::GET, "/users/1"),
        (Method::PATCH, "/auth/me"),
        (Method::GET, "/auth/api-keys"),
        (Method::POST, "/auth/api-keys"),
        (Method::POST, "/auth/password"),
    ] {
        withheld(&editor, method, path).await;
    }
    for path in ["/auth/me", "/auth/sessions"] {
        editor.get(path).await.expect_status(200);
    }

    Authenticator::enabled(&editor).await;

    editor.get("/posts").await.expect_status(200);
    editor.publish("Hello").await;
}

#[actix_web::test]
async fn only_holders_of_a_listed_role_and_superusers_need_a_second_factor() {
    let app = app().await;
    let (ada, admin) = (app.member("ada").await, app.admin("admin").await);
    let root = app.superuser("root").await;

    ada.get("/posts").await.expect_status(200);
    admin.get("/roles").await.expect_status(200);
    withheld(&root, Method::GET, "/posts").await;

    Authenticator::enabled(&root).await;
    root.get("/posts").await.expect_status(200);
}

#[actix_web::test]
async fn api_keys_of_a_user_without_the_required_second_factor_are_refused() {
    let app = app().await;
    let ada = app.member("ada").await;
    let program = ada.with_key(&["posts.create.own"]).await;
    let root = app.superuser("root").await;
    Authenticator::enabled(&root).await;
    let editors = root.get("/roles?name=editor").await.ids()[0];
    program.publish("Before").await;

    root.put(format!("/users/{}/roles/{editors}", ada.id))
        .await
        .expect_status(204);

    withheld(&program, Method::POST, "/posts").await;
    Authenticator::enabled(&ada).await;
    program.publish("After").await;
}

#[actix_web::test]
async fn who_needs_it_signs_in_without_and_out_again() {
    let app = app().await;
    app.user("ada", false, &["editor"]).await;
    let token = app.anonymous().login("ada", PASSWORD).await;
    let editor = app.anonymous().with_token(&token);
    let login = json!({ "login": "ada", "password": PASSWORD });

    editor.post("/auth/login", login).await.expect_status(200);
    editor.act("/auth/logout").await.expect_status(204);

    editor.get("/auth/me").await.expect_status(401);
}

#[actix_web::test]
async fn requiring_a_second_factor_costs_no_statement() {
    let app = app().await;
    let editor = app.editor("ada").await;
    Authenticator::enabled(&editor).await;
    app.statements.take();

    editor.get("/posts").await.expect_status(200);

    assert_eq!(app.statements.take().len(), 2);
}
