//! A user cannot give or take away permissions that the user lacks.
use tests::{Client, TestApp, json};

/// Signs in a user with all permissions on roles, and few others.
async fn role_keeper(app: &TestApp) -> Client {
    app.with_permissions("keeper", &["roles.*", "posts.read", "comments.*"])
        .await
}

async fn role(root: &Client, name: &str, permissions: &[&str]) -> i64 {
    let role = json!({ "name": name, "permissions": permissions });
    root.post("/roles", role).await.expect_status(201).id()
}

/// Permissions that the keeper lacks; the last one only looks like one they have.
const LACKED: [&str; 8] = [
    "*",
    "posts.*",
    "posts.purge",
    "users.read",
    "audit.read",
    "system.read",
    "system.write",
    "users.audit.own",
];

/// Permissions that the keeper has, and their `.own` forms.
const HELD: [&str; 6] = [
    "posts.read",
    "posts.read.own",
    "comments.*",
    "comments.purge",
    "roles.assign",
    "posts.create.own",
];

#[actix_web::test]
async fn a_caller_cannot_give_a_role_a_permission_they_lack() {
    let app = TestApp::new().await;
    let (keeper, root) = (role_keeper(&app).await, app.superuser("root").await);
    let own = role(&root, "own", &[]).await;

    for permission in LACKED {
        let new = json!({ "name": "new", "permissions": ["posts.read", permission] });
        keeper
            .post("/roles", new)
            .await
            .expect_problem(403, "forbidden");
        let patch = json!({ "permissions": [permission] });
        let patched = keeper.patch(format!("/roles/{own}"), patch).await;
        patched.expect_problem(403, "forbidden");
    }
    keeper
        .post("/roles", json!({ "name": "new", "permissions": HELD }))
        .await
        .expect_status(201);
    let patched = keeper
        .patch(format!("/roles/{own}"), json!({ "permissions": HELD }))
        .await;
    patched.expect_status(200);
}

#[actix_web::test]
async fn assigning_or_removing_a_role_needs_all_its_permissions() {
    let app = TestApp::new().await;
    let (keeper, root) = (role_keeper(&app).await, app.superuser("root").await);
    let ada = app.user("ada", false, &[]).await;

    for (number, permission) in LACKED.into_iter().enumerate() {
        let role = role(
            &root,
            &format!("lacked-{number}"),
            &["posts.read", permission],
        )
        .await;
        let own = keeper
            .put(format!("/users/{}/roles/{role}", keeper.id))
            .await;
        own.expect_problem(403, "forbidden");
        let path = format!("/users/{ada}/roles/{role}");
        keeper.put(&path).await.expect_problem(403, "forbidden");
        root.put(&path).await.expect_status(204);
        keeper.delete(&path).await.expect_problem(403, "forbidden");
        root.delete(&path).await.expect_status(204);
    }
    let path = format!("/users/{ada}/roles/{}", role(&root, "held", &HELD).await);
    keeper.put(&path).await.expect_status(204);
    keeper.delete(&path).await.expect_status(204);
}

#[actix_web::test]
async fn changing_deleting_or_restoring_a_role_needs_all_its_permissions() {
    let app = TestApp::new().await;
    let (keeper, root) = (role_keeper(&app).await, app.superuser("root").await);

    for (number, permission) in LACKED.into_iter().enumerate() {
        let url = format!(
            "/roles/{}",
            role(&root, &format!("lacked-{number}"), &[permission]).await
        );
        for body in [
            json!({}),
            json!({ "permissions": [] }),
            json!({ "description": "…" }),
        ] {
            keeper
                .patch(&url, body)
                .await
                .expect_problem(403, "forbidden");
        }
        keeper.delete(&url).await.expect_problem(403, "forbidden");
        root.delete(&url).await.expect_status(204);
        keeper
            .act(format!("{url}/restore"))
            .await
            .expect_problem(403, "forbidden");
        keeper
            .act(format!("{url}/purge"))
            .await
            .expect_problem(403, "forbidden");
        root.act(format!("{url}/restore")).await.expect_status(200);
    }
    let url = format!("/roles/{}", role(&root, "held", &HELD).await);
    keeper
        .patch(&url, json!({ "permissions": [] }))
        .await
        .expect_status(200);
    keeper.delete(&url).await.expect_status(204);
    keeper
        .act(format!("{url}/restore"))
        .await
        .expect_status(200);
    keeper.delete(&url).await.expect_status(204);
    keeper.act(format!("{url}/purge")).await.expect_status(204);
}

#[actix_web::test]
async fn a_restore_cannot_add_a_permission_the_caller_lacks() {
    let app = TestApp::new().await;
    let (keeper, root) = (role_keeper(&app).await, app.superuser("root").await);
    let url = format!("/roles/{}", role(&root, "held", &HELD).await);
    keeper.delete(&url).await.expect_status(204);

    let slipped = keeper
        .post(format!("{url}/restore"), json!({ "permissions": ["*"] }))
        .await;

    slipped.expect_problem(403, "forbidden");
    let restored = keeper
        .post(format!("{url}/restore"), json!({ "permissions": [] }))
        .await;
    assert_eq!(restored.expect_status(200).body["permissions"], json!([]));
}

#[actix_web::test]
async fn neither_a_revert_nor_a_bulk_adds_a_permission_the_caller_lacks() {
    let app = TestApp::new().await;
    let (keeper, root) = (role_keeper(&app).await, app.superuser("root").await);

    for (number, permission) in LACKED.into_iter().enumerate() {
        let url = format!(
            "/roles/{}",
            role(&root, &format!("had-{number}"), &[permission]).await
        );
        let none = json!({ "permissions": [] });
        root.patch(&url, none).await.expect_status(200);
        let back = json!({ "version": 1 });
        let reverted = keeper.post(format!("{url}/revert"), back).await;
        reverted.expect_problem(403, "forbidden");
        let new = json!({ "name": "new", "permissions": [permission] });
        let many = json!({ "operations": [{ "op": "create", "data": new }] });
        let created = keeper.post("/roles/bulk", many).await;
        created.expect_problem(403, "forbidden");
        let imported = keeper.import("/roles/import", new.to_string()).await;
        assert_eq!(imported.expect_status(422).body["committed_lines"], 0);
    }
    assert!(root.get("/roles?name=new").await.ids().is_empty());
}

/// The caller may assign these roles, but not change these users.
#[actix_web::test]
async fn the_roles_of_a_more_powerful_user_cannot_be_changed() {
    let app = TestApp::new().await;
    let (keeper, root) = (role_keeper(&app).await, app.superuser("root").await);
    let harmless = role(&root, "harmless", &["posts.read"]).await;
    let mighty = role(&root, "mighty", &["system.read"]).await;
    let (superuser, stronger, equal) = (
        app.user("superuser", true, &[]).await,
        app.user("stronger", false, &["mighty"]).await,
        app.user("equal", false, &[]).await,
    );
    let version = async |user: i64| {
        let user = root.get(format!("/users/{user}")).await;
        (user.body["version"].clone(), user.body["roles"].clone())
    };

    for user in [superuser, stronger] {
        let before = version(user).await;
        let path = format!("/users/{user}/roles/{harmless}");
        keeper.put(&path).await.expect_problem(403, "forbidden");
        assert_eq!(version(user).await, before);
        root.put(&path).await.expect_status(204);
        let before = version(user).await;
        keeper.delete(&path).await.expect_problem(403, "forbidden");
        assert_eq!(version(user).await, before);
    }
    let path = format!("/users/{equal}/roles/{harmless}");
    keeper.put(&path).await.expect_status(204);
    keeper.delete(&path).await.expect_status(204);
    // An assignment of a deleted role has no effect.
    root.delete(format!("/roles/{mighty}"))
        .await
        .expect_status(204);
    keeper
        .put(format!("/users/{stronger}/roles/{harmless}"))
        .await
        .expect_status(204);
}

/// A key with only `roles.assign` does not have the other permissions of its owner.
#[actix_web::test]
async fn a_key_changes_the_roles_of_its_owner_only_with_a_scope_for_that() {
    let app = TestApp::new().await;
    let admin = app.admin("admin").await;
    let harmless = json!({ "name": "harmless", "permissions": ["posts.read"] });
    let harmless = admin.post("/roles", harmless).await.expect_status(201).id();
    let path = format!("/users/{}/roles/{harmless}", admin.id);
    let scopes = ["roles.assign", "posts.read"];
    let narrow = admin.with_key(&scopes).await;
    let wide = admin
        .with_key(&[&scopes[..], &["users.update.own"]].concat())
        .await;

    narrow.put(&path).await.expect_problem(403, "forbidden");
    wide.put(&path).await.expect_status(204);
    narrow.delete(&path).await.expect_problem(403, "forbidden");
    wide.delete(&path).await.expect_status(204);
}
