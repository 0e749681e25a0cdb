//! Roles: valid permissions, built-in roles, and deletion (contract §10).
mod assignment;
mod escalation;
mod permission;

use tests::{Client, Reply, TestApp, json};

async fn create(client: &Client, name: &str, permissions: &[&str]) -> Reply {
    client
        .post(
            "/roles",
            json!({ "name": name, "permissions": permissions }),
        )
        .await
}

#[actix_web::test]
async fn a_role_keeps_its_permissions_as_written() {
    let app = TestApp::new().await;
    let admin = app.admin("admin").await;
    let written = [
        "posts.update",
        "posts.*",
        "posts.update.own",
        "*",
        "roles.assign",
        "audit.read",
        "system.read",
        "system.write",
    ];

    let role = json!({ "name": " reader-1_x ", "description": "Reads", "permissions": written });
    let role = admin.post("/roles", role).await.expect_status(201);

    let expected = json!({
        "id": role.id(), "name": "reader-1_x", "description": "Reads", "permissions": written, "is_system": false,
        "version": 1, "created_at": role.body["created_at"], "updated_at": role.body["created_at"],
    });
    assert_eq!(role.body, expected);
    assert_eq!(admin.get(role.url()).await.body, expected);
}

#[actix_web::test]
async fn an_unknown_permission_is_422() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let unknown = [
        "",
        "posts",
        "posts.",
        "posts.read.all",
        "post.read",
        "posts.fly",
        "posts.*.own",
        "*.read",
        "**",
        "posts.own",
        "roles.assign.own",
        "roles.read.own",
        "Posts.read",
        " posts.read",
        "sessions.read",
        "posts.read.own.own",
    ];

    for permission in unknown {
        create(&root, "some", &["posts.read", permission])
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at("/permissions/1");
    }
    for action in [
        "read", "create", "update", "delete", "restore", "purge", "audit", "*",
    ] {
        for resource in ["users", "posts", "comments", "roles"] {
            let permission = format!("{resource}.{action}");
            let role = create(&root, "some", &[&permission])
                .await
                .expect_status(201);
            root.delete(role.url()).await.expect_status(204);
        }
    }
}

#[actix_web::test]
async fn a_roles_name_is_short_plain_and_unique() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let role = create(&root, "readers", &[]).await.expect_status(201);

    for bad in ["", "a", &"a".repeat(51), "Readers", "a b", "ä-ä", "a.b"] {
        create(&root, bad, &[])
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at("/name");
    }
    create(&root, "readers", &[])
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/name");
    let other = create(&root, "others", &[]).await.expect_status(201);
    let renamed = root.patch(other.url(), json!({ "name": "readers" })).await;
    renamed
        .expect_problem(409, "conflict")
        .expect_error_at("/name");
    let long = json!({ "description": "𐍈".repeat(256) });
    let described = root.patch(role.url(), long).await;
    described
        .expect_problem(422, "validation_failed")
        .expect_error_at("/description");
    for field in ["name", "permissions"] {
        let cleared = root.patch(role.url(), json!({ field: null })).await;
        cleared
            .expect_problem(422, "validation_failed")
            .expect_error_at(&format!("/{field}"));
    }
}

#[actix_web::test]
async fn a_built_in_role_is_neither_deleted_nor_renamed() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for name in ["admin", "editor", "member"] {
        let role = root.get(format!("/roles?name={name}")).await;
        assert_eq!(role.body["data"][0]["is_system"], true);
        let url = format!("/roles/{}", role.ids()[0]);

        root.delete(&url).await.expect_problem(409, "conflict");
        let renamed = root
            .patch(&url, json!({ "name": "other", "description": "…" }))
            .await;
        renamed
            .expect_problem(409, "conflict")
            .expect_error_at("/name");

        let described = root
            .patch(&url, json!({ "name": name, "description": "…" }))
            .await;
        assert_eq!(described.expect_status(200).body["description"], "…");
    }
}

#[actix_web::test]
async fn the_built_in_roles_are_those_of_the_contract() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    let roles = root.get("/roles?sort=name").await.expect_status(200);

    let own = |resource: &str, actions: &[&str]| -> Vec<String> {
        actions
            .iter()
            .map(|action| format!("{resource}.{action}.own"))
            .collect()
    };
    let writes = ["create", "update", "delete", "restore", "audit"];
    let member = [
        own("posts", &writes),
        own("comments", &writes),
        own("users", &["read", "update", "delete"]),
    ]
    .concat();
    let found: Vec<_> = roles.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|role| (&role["name"], &role["permissions"]))
        .collect();
    assert_eq!(
        found,
        [
            (&json!("admin"), &json!(["*"])),
            (
                &json!("editor"),
                &json!(["posts.*", "comments.*", "users.read"])
            ),
            (&json!("member"), &json!(member)),
        ]
    );
}

#[actix_web::test]
async fn a_deleted_role_gives_no_permission_until_it_is_restored() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let reader = app.with_permissions("reader", &["posts.read"]).await;
    let draft = root
        .post("/posts", json!({ "title": "Draft", "content": "…" }))
        .await;
    reader.get(draft.url()).await.expect_status(200);
    let role = format!(
        "/roles/{}",
        root.get("/roles?name=of-reader").await.ids()[0]
    );
    let path = format!("/users/{}/roles", reader.id);
    let names = async || reader.get("/auth/me").await.body["roles"].clone();

    root.delete(&role).await.expect_status(204);

    reader
        .get(draft.url())
        .await
        .expect_problem(404, "not_found");
    assert_eq!(names().await, json!(["member"]));
    assert_eq!(reader.get(&path).await.ids().len(), 1);
    assert!(
        root.get(format!("{path}?deleted=include"))
            .await
            .ids()
            .len()
            == 2
    );
    assert_eq!(
        root.get(format!("{path}?deleted=only")).await.ids().len(),
        1
    );
    assert!(
        reader
            .get(format!("{path}?deleted=only"))
            .await
            .ids()
            .is_empty()
    );

    root.act(format!("{role}/restore")).await.expect_status(200);

    reader.get(draft.url()).await.expect_status(200);
    assert_eq!(names().await, json!(["member", "of-reader"]));
}

#[actix_web::test]
async fn new_permissions_of_a_role_take_effect_at_once() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let reader = app.with_permissions("reader", &["posts.read"]).await;
    let draft = root
        .post("/posts", json!({ "title": "Draft", "content": "…" }))
        .await;
    let role = format!(
        "/roles/{}",
        root.get("/roles?name=of-reader").await.ids()[0]
    );

    root.patch(&role, json!({ "permissions": ["posts.update"] }))
        .await
        .expect_status(200);

    reader
        .get(draft.url())
        .await
        .expect_problem(404, "not_found");
}

#[actix_web::test]
async fn a_purged_role_is_removed_from_its_users() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let reader = app.with_permissions("reader", &["posts.read"]).await;
    let role = format!(
        "/roles/{}",
        root.get("/roles?name=of-reader").await.ids()[0]
    );
    root.delete(&role).await.expect_status(204);

    root.act(format!("{role}/purge")).await.expect_status(204);

    let path = format!("/users/{}/roles?deleted=include", reader.id);
    assert_eq!(root.get(path).await.ids().len(), 1);
    create(&root, "of-reader", &[]).await.expect_status(201);
}
