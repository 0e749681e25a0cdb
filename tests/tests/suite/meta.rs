//! `/meta` describes the resources of this product as the API treats them.
use serde_json::Value;
use service::registry;
use tests::{Client, TestApp, json};

async fn meta(client: &Client) -> Value {
    client.get("/meta").await.expect_status(200).body
}

fn resources(meta: &Value) -> &Vec<Value> {
    meta["resources"].as_array().unwrap()
}

fn of<'a>(rows: &'a [Value], name: &str) -> Option<&'a Value> {
    rows.iter().find(|row| row["name"] == name)
}

fn resource<'a>(meta: &'a Value, name: &str) -> &'a Value {
    of(resources(meta), name).unwrap()
}

fn field<'a>(meta: &'a Value, table: &str, name: &str) -> Option<&'a Value> {
    of(resource(meta, table)["fields"].as_array().unwrap(), name)
}

#[track_caller]
fn expect(described: &Value, expected: &Value) {
    for (member, value) in expected.as_object().unwrap() {
        assert_eq!(described[member], *value, "{member} of {described}");
    }
}

#[actix_web::test]
async fn every_registered_resource_is_described() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    let meta = meta(&root).await;

    let names: Vec<_> = resources(&meta)
        .iter()
        .map(|it| it["name"].as_str().unwrap())
        .collect();
    let registered: Vec<_> = registry().tables().iter().map(|table| table.name).collect();
    assert_eq!(names, registered);
    expect(
        &meta["caller"],
        &json!({ "username": "root", "id": root.id, "permissions": ["*"] }),
    );
    for resource in resources(&meta) {
        let levels = resource["actions"].as_object().unwrap();
        assert_eq!(levels.len(), 15, "{levels:?}");
        assert!(levels.values().all(|level| level == "all"), "{levels:?}");
    }
    let owners = [
        ("posts", json!("author_id")),
        ("users", json!("id")),
        ("roles", json!(null)),
    ];
    for (table, owner) in owners {
        assert_eq!(resource(&meta, table)["owner"], owner, "{table}");
    }
    let posts = json!({
        "title": "title",
        "search": ["title", "summary", "content"],
    });
    let described = resource(&meta, "posts");
    expect(described, &posts);
    for (list, entry) in [
        (
            "children",
            json!({ "resource": "comments", "field": "post_id" }),
        ),
        (
            "includes",
            json!({ "name": "author", "resource": "users", "many": false }),
        ),
        (
            "includes",
            json!({ "name": "comments", "resource": "comments", "many": true }),
        ),
    ] {
        assert!(
            described[list].as_array().unwrap().contains(&entry),
            "{list}: {entry}"
        );
    }
    for (table, title) in [
        ("users", json!("username")),
        ("roles", json!("name")),
        ("comments", json!(null)),
    ] {
        assert_eq!(resource(&meta, table)["title"], title, "{table}");
    }
}

#[actix_web::test]
async fn fields_are_described_by_their_inputs() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    let meta = meta(&root).await;

    for (table, name, expected) in [
        (
            "posts",
            "status",
            json!({ "type": "enum", "default": "draft", "values": ["draft", "published", "archived"] }),
        ),
        (
            "posts",
            "slug",
            json!({ "type": "text", "format": "slug", "create": "optional", "max_length": 100 }),
        ),
        (
            "posts",
            "content",
            json!({ "type": "text", "format": "long", "create": "required", "operators": [], "sort": false }),
        ),
        (
            "posts",
            "summary",
            json!({ "nullable": true, "max_length": 500 }),
        ),
        (
            "posts",
            "author_id",
            json!({ "references": { "resource": "users" }, "update": false }),
        ),
        (
            "posts",
            "published_at",
            json!({ "type": "datetime", "create": "no", "update": false }),
        ),
        (
            "users",
            "email",
            json!({ "format": "email", "readable": true, "sort": true }),
        ),
        (
            "users",
            "password",
            json!({ "format": "password", "readable": false, "min_length": 8, "max_length": 128, "update": false }),
        ),
        (
            "users",
            "last_login_at",
            json!({ "type": "datetime", "operators": [], "nullable": true }),
        ),
        ("users", "roles", json!({ "type": "list", "create": "no" })),
        (
            "roles",
            "permissions",
            json!({ "type": "list", "create": "optional", "update": true }),
        ),
    ] {
        expect(field(&meta, table, name).unwrap(), &expected);
    }
    let permissions = field(&meta, "roles", "permissions").unwrap();
    assert!(
        permissions["values"]
            .as_array()
            .unwrap()
            .contains(&json!("posts.update.own"))
    );
}

/// What `/meta` promises to a caller, the list does; what it denies, the list refuses.
#[actix_web::test]
async fn the_lists_work_as_they_are_described() {
    let app = TestApp::new().await;
    let callers = [
        app.anonymous(),
        app.member("ada").await,
        app.admin("admin").await,
        app.superuser("root").await,
    ];

    for caller in &callers {
        let meta = meta(caller).await;
        for resource in resources(&meta) {
            let path = resource["path"].as_str().unwrap();
            if resource["actions"]["list"] == "none" {
                let refused = caller.get(path).await.status;
                assert!([401, 403].contains(&refused), "{path}: {refused}");
                continue;
            }
            for field in resource["fields"].as_array().unwrap() {
                let name = field["name"].as_str().unwrap();
                let asked =
                    async |query: String| caller.get(format!("{path}?{query}")).await.status == 200;
                assert_eq!(
                    asked(format!("sort={name}")).await,
                    field["sort"] == true,
                    "{path} sort={name}"
                );
                let operators = field["operators"].as_array().unwrap();
                let is_filtered = asked(format!("{name}[is_null]=true")).await;
                assert_eq!(
                    is_filtered,
                    operators.contains(&json!("is_null")),
                    "{path} {name}[is_null]"
                );
                if field["readable"] == true {
                    assert!(
                        asked(format!("fields={name}&deleted=include")).await,
                        "{path} fields={name}"
                    );
                }
            }
        }
    }
}

#[actix_web::test]
async fn private_fields_are_described_to_those_who_may_see_them() {
    let app = TestApp::new().await;
    let (ada, root) = (app.member("ada").await, app.superuser("root").await);

    let visitor = meta(&app.anonymous()).await;
    let (ada, root) = (meta(&ada).await, meta(&root).await);

    for name in ["email", "roles", "is_superuser", "password"] {
        assert_eq!(field(&visitor, "users", name), None, "{name}");
    }
    assert!(
        of(resources(&visitor), "roles").is_none(),
        "visitors may do nothing to roles"
    );
    let own = json!({ "readable": true, "operators": [], "sort": false });
    expect(field(&ada, "users", "email").unwrap(), &own);
    assert_eq!(
        field(&ada, "users", "password"),
        None,
        "members create no users"
    );
    let all = field(&root, "users", "email").unwrap();
    assert!(
        all["operators"]
            .as_array()
            .unwrap()
            .contains(&json!("contains"))
    );
    let actions = &resource(&ada, "users")["actions"];
    expect(
        actions,
        &json!({ "list": "all", "update": "own", "create": "none" }),
    );
}

#[actix_web::test]
async fn an_api_key_sees_what_its_scopes_allow() {
    let app = TestApp::new().await;
    let key = app.editor("eddy").await.with_key(&["posts.read"]).await;

    let meta = meta(&key).await;

    let actions = &resource(&meta, "posts")["actions"];
    expect(
        actions,
        &json!({ "list": "all", "update": "none", "create": "none" }),
    );
    assert_eq!(meta["caller"]["permissions"], json!(["posts.read"]));
}

#[actix_web::test]
async fn the_description_costs_no_statement_for_each_resource() {
    let app = TestApp::new().await;
    let (ada, visitor) = (app.member("ada").await, app.anonymous());
    meta(&ada).await;

    app.statements.take();
    meta(&visitor).await;
    let of_visitor = app.statements.take();
    meta(&ada).await;
    let of_ada = app.statements.take();
    ada.get("/auth/cookie").await.expect_status(404);
    let of_sign_in = app.statements.take();

    assert_eq!(of_visitor, [""; 0]);
    assert_eq!(of_ada.len(), of_sign_in.len() + 1, "{of_ada:?}");
}
