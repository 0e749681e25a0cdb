//! A user cannot change a more powerful user, and one active superuser always remains (contract §10).
use reqwest::Method;
use tests::{Client, Reply, TestApp, json};

fn url(user: i64) -> String {
    format!("/users/{user}")
}

/// Sends every kind of change to a live user and returns the replies.
async fn attacks(client: &Client, user: i64) -> Vec<Reply> {
    vec![
        client.patch(url(user), json!({})).await,
        client.patch(url(user), json!({ "bio": "…" })).await,
        client
            .patch(url(user), json!({ "email": "mine@example.org" }))
            .await,
        client.patch(url(user), json!({ "is_active": false })).await,
        client.delete(url(user)).await,
        client.act(format!("{}/restore", url(user))).await,
        client.act(format!("{}/purge", url(user))).await,
    ]
}

#[actix_web::test]
async fn a_more_powerful_user_is_out_of_reach() {
    let app = TestApp::new().await;
    let keeper = app.with_permissions("keeper", &["users.*"]).await;
    let admin = app.admin("admin").await;
    let root = app.superuser("root").await;
    app.with_permissions("purger", &["posts.purge"]).await;
    let purger = keeper.get("/users?username=purger").await.ids()[0];
    let editor = app.user("editor", false, &["editor"]).await;

    for (client, targets) in [
        (&keeper, vec![editor, purger, admin.id, root.id]),
        (&admin, vec![root.id]),
    ] {
        for target in targets {
            for reply in attacks(client, target).await {
                reply.expect_problem(403, "forbidden");
            }
            root.get(url(target)).await.expect_status(200);
        }
    }
}

#[actix_web::test]
async fn a_more_powerful_user_who_is_deleted_is_out_of_reach_too() {
    let app = TestApp::new().await;
    let (keeper, root) = (
        app.with_permissions("keeper", &["users.*"]).await,
        app.superuser("root").await,
    );
    let targets = [
        app.user("editor", false, &["editor"]).await,
        app.user("other", true, &[]).await,
    ];

    for target in targets {
        root.delete(url(target)).await.expect_status(204);
        for verb in ["restore", "purge"] {
            let reply = keeper.act(format!("{}/{verb}", url(target))).await;
            reply.expect_problem(403, "forbidden");
        }
        root.act(format!("{}/restore", url(target)))
            .await
            .expect_status(200);
    }
}

#[actix_web::test]
async fn an_equal_or_lesser_user_is_within_reach() {
    let app = TestApp::new().await;
    let keeper = app.with_permissions("keeper", &["users.*"]).await;
    let admin = app.admin("admin").await;

    for (client, target) in [
        (&keeper, app.user("member", false, &[]).await),
        (&keeper, app.user("peer", false, &["of-keeper"]).await),
        (&admin, app.user("other", false, &["admin"]).await),
    ] {
        client
            .patch(url(target), json!({ "is_active": false }))
            .await
            .expect_status(200);
        client.delete(url(target)).await.expect_status(204);
        client
            .act(format!("{}/restore", url(target)))
            .await
            .expect_status(200);
        client.delete(url(target)).await.expect_status(204);
        client
            .act(format!("{}/purge", url(target)))
            .await
            .expect_status(204);
    }
}

#[actix_web::test]
async fn users_may_change_themselves_whatever_their_permissions() {
    let app = TestApp::new().await;

    for client in [app.editor("editor").await, app.admin("admin").await] {
        client
            .patch(url(client.id), json!({ "bio": "…" }))
            .await
            .expect_status(200);
        client.delete(url(client.id)).await.expect_status(204);
    }
}

#[actix_web::test]
async fn only_a_superuser_makes_a_superuser() {
    let app = TestApp::new().await;
    let (admin, root) = (app.admin("admin").await, app.superuser("root").await);
    let ada = app.user("ada", false, &[]).await;
    let new = |is_superuser: bool| json!({ "username": "new", "email": "new@example.org", "password": "long enough", "is_superuser": is_superuser });

    let refused = [
        admin.patch(url(ada), json!({ "is_superuser": true })).await,
        admin
            .patch(url(admin.id), json!({ "is_superuser": true }))
            .await,
        admin.post("/users", new(true)).await,
    ];

    for reply in refused {
        reply
            .expect_problem(422, "validation_failed")
            .expect_error_at("/is_superuser");
    }
    let made = admin.post("/users", new(false)).await.expect_status(201);
    for target in [ada, made.id()] {
        let promoted = root
            .patch(url(target), json!({ "is_superuser": true }))
            .await
            .expect_status(200);
        assert_eq!(promoted.body["is_superuser"], true);
    }
}

#[actix_web::test]
async fn activity_is_for_those_to_set_who_may_update_users() {
    let app = TestApp::new().await;
    let creator = app.with_permissions("creator", &["users.create"]).await;
    let user = json!({ "username": "new", "email": "new@example.org", "password": "long enough", "is_active": false });

    let reply = creator.post("/users", user.clone()).await;

    reply
        .expect_problem(422, "validation_failed")
        .expect_error_at("/is_active");
    let admin = app.admin("admin").await;
    let made = admin.post("/users", user).await.expect_status(201);
    assert_eq!(made.body["is_active"], false);
}

/// A new user belongs to nobody yet, so there is no permission to create one's own. A role that got it when it existed
/// creates nothing by it.
#[actix_web::test]
async fn creating_a_user_needs_the_full_permission() {
    let app = TestApp::new().await;
    let role = json!({ "name": "creators", "permissions": ["users.create.own"] });
    let refused = app.superuser("root").await.post("/roles", role).await;
    refused
        .expect_problem(422, "validation_failed")
        .expect_error_at("/permissions/0");
    let creator = app.with_permissions("creator", &["users.create"]).await;
    let old = r#"UPDATE roles SET permissions = '["users.create.own"]' WHERE name = 'of-creator'"#;
    tests::sql::run(&app.kernel, old).await;
    let user = json!({ "username": "new", "email": "new@example.org", "password": "long enough" });
    let bulk = json!({ "operations": [{ "op": "create", "data": user.clone() }] });

    creator
        .post("/users", user.clone())
        .await
        .expect_problem(403, "forbidden");
    creator
        .post("/users/bulk", bulk)
        .await
        .expect_problem(403, "forbidden");
    creator
        .import("/users/import", user.to_string())
        .await
        .expect_problem(403, "forbidden");
}

/// A resource that was removed leaves its permissions in roles, which can still be described, deleted, restored and purged.
#[actix_web::test]
async fn a_role_with_an_unknown_permission_can_be_changed() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let role = json!({ "name": "readers", "permissions": ["posts.read"] });
    let role = root.post("/roles", role).await.expect_status(201);
    let old = r#"UPDATE roles SET permissions = '["tags.read"]' WHERE name = 'readers'"#;
    tests::sql::run(&app.kernel, old).await;

    let patch = json!({ "description": "Readers of tags" });
    root.patch(role.url(), patch).await.expect_status(200);
    root.delete(role.url()).await.expect_status(204);
    let restored = root.act(format!("{}/restore", role.url())).await;
    restored.expect_status(200);
    let patch = json!({ "permissions": ["tags.update"] });
    // The body is refused before the precondition is checked.
    let request = root.request(Method::PATCH, role.url()).json(&patch);
    let refused = Reply::send(request.header("if-none-match", "*")).await;
    refused
        .expect_problem(422, "validation_failed")
        .expect_error_at("/permissions/0");
    root.delete(role.url()).await.expect_status(204);
    let purged = root.act(format!("{}/purge", role.url())).await;
    purged.expect_status(204);
}

#[actix_web::test]
async fn the_last_active_superuser_stays() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let other = app.user("other", true, &[]).await;
    root.patch(url(other), json!({ "is_active": false }))
        .await
        .expect_status(200);
    let requests = [
        (Method::DELETE, json!({})),
        (Method::PATCH, json!({ "is_active": false })),
        (Method::PATCH, json!({ "is_superuser": false })),
        (Method::PATCH, json!({ "bio": "…", "is_active": false })),
    ];

    for (method, body) in &requests {
        let reply = Reply::send(root.request(method.clone(), url(root.id)).json(body)).await;

        reply.expect_problem(409, "conflict");
    }
    let own = root.patch("/auth/me", json!({ "is_active": false })).await;
    own.expect_problem(409, "conflict");
    root.patch(url(root.id), json!({ "bio": "…" }))
        .await
        .expect_status(200);
    assert_eq!(root.get("/auth/me").await.body["version"], 2);

    root.patch(url(other), json!({ "is_active": true }))
        .await
        .expect_status(200);
    root.delete(url(root.id)).await.expect_status(204);
}

/// The value that a refused change would have replaced must not decide the answer.
#[actix_web::test]
async fn a_patch_is_no_way_to_guess_a_private_field() {
    let app = TestApp::new().await;
    let updater = app.with_permissions("updater", &["users.update"]).await;
    let root = app.superuser("root").await;

    for guess in ["root@example.org", "wrong@example.org"] {
        let reply = updater.patch(url(root.id), json!({ "email": guess })).await;

        reply.expect_problem(403, "forbidden");
    }
}
