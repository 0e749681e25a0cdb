//! The sessions and API keys of a user, as those who manage users see and end them.
use tests::{Client, PASSWORD, TestApp, json};

fn sessions(of: &Client) -> String {
    format!("/users/{}/sessions", of.id)
}

fn keys(of: &Client) -> String {
    format!("/users/{}/api-keys", of.id)
}

/// Returns the actions on a user in the audit log, the newest first, with who did them.
async fn audited(root: &Client, of: &Client) -> Vec<(String, i64)> {
    let path = format!("/audit?resource=users&resource_id={}&sort=-id", of.id);
    let entries = root.get(path).await.expect_status(200).body;
    let entries = entries["data"].as_array().unwrap().clone();
    let entry = |entry: &serde_json::Value| {
        let action = entry["action"].as_str().unwrap().to_owned();
        (action, entry["actor_id"].as_i64().unwrap_or_default())
    };
    entries.iter().map(entry).collect()
}

#[actix_web::test]
async fn an_administrator_lists_and_ends_the_sessions_of_a_user() {
    let app = TestApp::new().await;
    let (admin, root) = (app.admin("admin").await, app.superuser("root").await);
    let ada = app.member("ada").await;
    let phone = ada.with_token(&app.anonymous().login("ada", PASSWORD).await);
    let laptop = ada.with_token(&app.anonymous().login("ada", PASSWORD).await);

    let all = admin
        .get(sessions(&ada) + "?sort=id")
        .await
        .expect_status(200);
    let own = ada.get("/auth/sessions?sort=id").await.expect_status(200);
    assert_eq!(all.ids(), own.ids());
    assert_eq!(all.ids().len(), 3);
    assert!(
        all.body["data"]
            .as_array()
            .unwrap()
            .iter()
            .all(|it| it["is_current"] == false)
    );
    for secret in ["token", "hash", "at_"] {
        assert!(!all.text.contains(secret), "{}", all.text);
    }

    let one = format!("{}/{}", sessions(&ada), all.ids()[1]);
    admin.delete(&one).await.expect_status(204);

    phone.get("/auth/me").await.expect_status(401);
    laptop.get("/auth/me").await.expect_status(200);
    assert_eq!(
        audited(&root, &ada).await[0],
        ("signed_out".to_owned(), admin.id)
    );
    admin.delete(&one).await.expect_status(404);

    admin.delete(sessions(&ada)).await.expect_status(204);

    laptop.get("/auth/me").await.expect_status(401);
    ada.get("/auth/me").await.expect_status(401);
    let left = admin.get(sessions(&ada)).await.expect_status(200);
    assert_eq!(left.ids(), [0; 0]);
    admin.get("/auth/me").await.expect_status(200);
}

#[actix_web::test]
async fn an_administrator_lists_and_revokes_the_api_keys_of_a_user() {
    let app = TestApp::new().await;
    let (admin, root) = (app.admin("admin").await, app.superuser("root").await);
    let ada = app.member("ada").await;
    let (first, second) = (
        ada.with_key(&["users.read.own"]).await,
        ada.with_key(&["users.read.own"]).await,
    );

    let all = admin.get(keys(&ada) + "?sort=id").await.expect_status(200);
    assert_eq!(all.ids(), ada.get("/auth/api-keys?sort=id").await.ids());
    assert!(!all.text.contains("key_hash") && !all.text.contains(first.token()));
    admin
        .delete(format!("{}/{}", keys(&ada), all.ids()[0]))
        .await
        .expect_status(204);

    first.get("/auth/me").await.expect_status(401);
    second.get("/auth/me").await.expect_status(200);
    assert_eq!(
        audited(&root, &ada).await[0],
        ("key_revoked".to_owned(), admin.id)
    );
}

/// The path names the user, so an id of somebody else's session or key is not found in it.
#[actix_web::test]
async fn the_credentials_of_another_user_are_not_found() {
    let app = TestApp::new().await;
    let (admin, ada, bob) = (
        app.admin("admin").await,
        app.member("ada").await,
        app.member("bob").await,
    );
    let key = bob.with_key(&["users.read.own"]).await;
    let session = bob.get("/auth/sessions").await.ids()[0];
    let key_id = bob.get("/auth/api-keys").await.ids()[0];

    admin
        .delete(format!("{}/{session}", sessions(&ada)))
        .await
        .expect_status(404);
    admin
        .delete(format!("{}/{key_id}", keys(&ada)))
        .await
        .expect_status(404);
    admin.delete(sessions(&ada)).await.expect_status(204);

    bob.get("/auth/me").await.expect_status(200);
    key.get("/auth/me").await.expect_status(200);
}

/// Otherwise they could sign a superuser out, or learn what they use.
#[actix_web::test]
async fn nobody_manages_a_user_with_more_permissions() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (admin, other) = (app.admin("admin").await, app.admin("other").await);
    let manager = app
        .with_permissions("manager", &["users.update", "users.read"])
        .await;
    root.with_key(&["*"]).await;
    let session = root.get("/auth/sessions").await.ids()[0];
    let key = root.get("/auth/api-keys").await.ids()[0];

    for (caller, target) in [(&admin, &root), (&manager, &root), (&manager, &admin)] {
        caller.get(sessions(target)).await.expect_status(403);
        caller.get(keys(target)).await.expect_status(403);
        caller.delete(sessions(target)).await.expect_status(403);
        caller
            .delete(format!("{}/{session}", sessions(target)))
            .await
            .expect_status(403);
        caller
            .delete(format!("{}/{key}", keys(target)))
            .await
            .expect_status(403);
        target.get("/auth/me").await.expect_status(200);
    }
    admin.delete(sessions(&other)).await.expect_status(204);
    other.get("/auth/me").await.expect_status(401);
}

/// Pages of one user's sessions do not continue in another's.
#[actix_web::test]
async fn a_cursor_belongs_to_its_user() {
    let app = TestApp::new().await;
    let (admin, ada, bob) = (
        app.admin("admin").await,
        app.member("ada").await,
        app.member("bob").await,
    );
    app.anonymous().login("ada", PASSWORD).await;

    let page = admin
        .get(sessions(&ada) + "?limit=1")
        .await
        .expect_status(200);

    let cursor = page.body["page"]["next"].as_str().unwrap().to_owned();
    let next = format!("{}?limit=1&cursor={cursor}", sessions(&ada));
    assert_eq!(admin.get(next).await.expect_status(200).ids().len(), 1);
    let elsewhere = format!("{}?limit=1&cursor={cursor}", sessions(&bob));
    admin.get(elsewhere).await.expect_status(400);
    let filtered = admin
        .get(sessions(&ada) + "?created_at[gt]=2000-01-01")
        .await;
    assert_eq!(filtered.expect_status(200).ids().len(), 2);
    assert_eq!(json!(page.body["page"]["limit"]), 1);
}
