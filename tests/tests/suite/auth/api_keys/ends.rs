//! How long an API key is valid.
use service::retention;
use tests::{PASSWORD, TestApp, json, sql};

use super::{create, list, refused};

#[actix_web::test]
async fn a_key_is_revoked_at_once_by_its_owner_and_nobody_else() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let (one, other) = (
        create(&ada, &["posts.create.own"]).await,
        ada.with_key(&["posts.create.own"]).await,
    );
    let program = ada.with_token(one.body["key"].as_str().unwrap());
    program.get("/posts").await.expect_status(200);

    bob.delete(one.url()).await.expect_problem(404, "not_found");
    program.get("/posts").await.expect_status(200);
    ada.delete(one.url()).await.expect_status(204);

    refused(&program).await;
    ada.delete(one.url()).await.expect_problem(404, "not_found");
    other.get("/posts").await.expect_status(200);
    assert_eq!(list(&ada).await.len(), 1);
    assert_eq!(list(&bob).await.len(), 0);
}

#[actix_web::test]
async fn an_expired_key_is_invalid() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let program = ada.with_key(&["posts.create.own"]).await;
    let unlimited = ada.with_key(&["posts.create.own"]).await;
    let past = format!(
        "UPDATE api_keys SET expires_at = {} WHERE id = 1",
        app.ago(1)
    );

    sql::run(&app.kernel, &past).await;

    refused(&program).await;
    unlimited.get("/posts").await.expect_status(200);
    assert_eq!(list(&ada).await.len(), 1);
    let removed = retention::purge(&app.kernel, |_| {}).await.unwrap();
    let keys = removed.iter().find(|it| it.table == "api_keys").unwrap();
    assert_eq!(keys.rows, 1);
    assert_eq!(list(&ada).await.len(), 1);
}

#[actix_web::test]
async fn the_keys_of_who_is_deactivated_or_deleted_end_for_good() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let keys = (
        ada.with_key(&["posts.create.own"]).await,
        bob.with_key(&["posts.create.own"]).await,
    );
    let active = async |is_active: bool| {
        let patch = json!({ "is_active": is_active });
        let done = root.patch(format!("/users/{}", ada.id), patch).await;
        done.expect_status(200);
    };

    active(false).await;
    root.delete(format!("/users/{}", bob.id))
        .await
        .expect_status(204);

    refused(&keys.0).await;
    refused(&keys.1).await;
    active(true).await;
    root.act(format!("/users/{}/restore", bob.id))
        .await
        .expect_status(200);
    refused(&keys.0).await;
    refused(&keys.1).await;
}

/// This holds however the user became inactive: a key needs an active owner even if a deactivation removed nothing.
#[actix_web::test]
async fn a_key_of_an_inactive_user_is_invalid() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let program = ada.with_key(&["posts.create.own"]).await;
    program.get("/posts").await.expect_status(200);

    sql::run(&app.kernel, "UPDATE users SET is_active = false").await;

    refused(&program).await;
}

#[actix_web::test]
async fn another_password_ends_no_key_and_a_key_sets_none() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let program = root.with_key(&["*"]).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another password" });

    program
        .post("/auth/password", change.clone())
        .await
        .expect_problem(403, "forbidden");
    create(&program, &["posts.read"])
        .await
        .expect_problem(403, "forbidden");
    root.post("/auth/password", change).await.expect_status(204);

    program.get("/auth/me").await.expect_status(200);
}

#[actix_web::test]
async fn there_is_room_for_a_hundred_keys() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for _ in 0..100 {
        create(&ada, &["posts.create.own"]).await.expect_status(201);
    }

    create(&ada, &["posts.create.own"])
        .await
        .expect_problem(409, "conflict");

    let past = format!(
        "UPDATE api_keys SET expires_at = {} WHERE id = 7",
        app.ago(1)
    );
    sql::run(&app.kernel, &past).await;
    create(&ada, &["posts.create.own"]).await.expect_status(201);
    assert_eq!(list(&ada).await.len(), 100);
}
