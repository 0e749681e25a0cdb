//! Replaying the audit log gives the tables, so every write is recorded.
use std::collections::BTreeMap;

use serde_json::{Map, Value};
use service::registry;
use tests::{Client, PASSWORD, TestApp, json};

use super::entries;

#[derive(Debug, Default, PartialEq)]
struct Row {
    fields: Map<String, Value>,
    version: i64,
    is_deleted: bool,
}

type Rows = BTreeMap<(String, i64), Row>;

async fn all_rows(client: &Client, path: &str) -> Vec<Value> {
    let (mut rows, mut cursor) = (Vec::new(), String::new());
    loop {
        let page = client
            .get(format!("{path}&sort=id&limit=100{cursor}"))
            .await
            .expect_status(200);
        rows.extend(entries(&page));
        match page.body["page"]["next"].as_str() {
            Some(next) => cursor = format!("&cursor={next}"),
            None => return rows,
        }
    }
}

async fn replayed(root: &Client) -> Rows {
    let mut rows = Rows::new();
    for entry in all_rows(
        root,
        "/audit?action[nin]=signed_in,signed_out,key_created,key_revoked",
    )
    .await
    {
        let key = (
            entry["resource"].as_str().unwrap().to_owned(),
            entry["resource_id"].as_i64().unwrap(),
        );
        let action = entry["action"].as_str().unwrap();
        if action == "purged" {
            rows.remove(&key);
            continue;
        }
        let row = rows.entry(key).or_default();
        row.version = entry["version"].as_i64().unwrap();
        row.is_deleted = action == "deleted";
        let none = Map::new();
        for (field, change) in entry["changes"].as_object().unwrap_or(&none) {
            row.fields.insert(field.clone(), change["to"].clone());
        }
    }
    rows
}

/// Returns the replayed fields as the tables have them.
async fn current_rows(root: &Client, replayed: &Rows) -> Rows {
    let roles = all_rows(root, "/roles?deleted=include").await;
    let id_of =
        |name: &Value| roles.iter().find(|role| role["name"] == *name).unwrap()["id"].clone();
    let mut rows = Rows::new();
    for table in registry().tables() {
        for shown in all_rows(root, &format!("/{}?deleted=include", table.name)).await {
            if shown["is_system"] == true {
                continue;
            }
            let key = (table.name.to_owned(), shown["id"].as_i64().unwrap());
            let known = replayed
                .get(&key)
                .unwrap_or_else(|| panic!("{key:?} has no entry"));
            let field = |name: &String| {
                let value = match name.as_str() {
                    "role_ids" => {
                        let mut ids: Vec<_> = shown["roles"]
                            .as_array()
                            .unwrap()
                            .iter()
                            .map(id_of)
                            .collect();
                        ids.sort_by_key(Value::as_i64);
                        ids.into()
                    }
                    name => shown[name].clone(),
                };
                (name.clone(), value)
            };
            let row = Row {
                fields: known.fields.keys().map(field).collect(),
                version: shown["version"].as_i64().unwrap(),
                is_deleted: !shown["deleted_at"].is_null(),
            };
            rows.insert(key, row);
        }
    }
    rows
}

/// Checks that each row equals its state in the audit, and returns their number.
pub async fn assert_replays(root: &Client) -> usize {
    let replayed = replayed(root).await;
    let actual = current_rows(root, &replayed).await;

    for (key, row) in &actual {
        assert_eq!(Some(row), replayed.get(key), "{key:?}");
    }
    assert_eq!(actual.len(), replayed.len());
    actual.len()
}

#[actix_web::test]
async fn replaying_the_audit_gives_the_tables() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let ada = app.member("ada").await;
    let bob = json!({ "username": "bob", "email": "bob@example.org", "password": PASSWORD });
    let bob = app
        .anonymous()
        .post("/auth/register", bob)
        .await
        .expect_status(201);
    let role = json!({ "name": "reader", "description": "Reads", "permissions": ["posts.read"] });
    let role = root.post("/roles", role).await.expect_status(201);
    root.put(format!("{}/roles/{}", bob.url(), role.id()))
        .await
        .expect_status(204);
    ada.patch("/auth/me", json!({ "bio": "Ada" }))
        .await
        .expect_status(200);
    let bob_too = app
        .anonymous()
        .with_token(&root.login("bob", PASSWORD).await);
    let mut posts = Vec::new();
    for author in [&ada, &bob_too, &ada] {
        let post = author.publish("Same title").await;
        for commenter in [&ada, &bob_too] {
            commenter.comment(post.id(), "One").await;
            let answer = commenter
                .post(format!("{}/comments", post.url()), json!({ "body": "Two" }))
                .await;
            commenter
                .patch(answer.url(), json!({ "body": "Two, changed" }))
                .await
                .expect_status(200);
        }
        posts.push(post);
    }
    ada.patch(
        posts[0].url(),
        json!({ "title": "Other", "content": "Other." }),
    )
    .await
    .expect_status(200);
    ada.post(
        format!("{}/revert", posts[0].url()),
        json!({ "version": 1 }),
    )
    .await
    .expect_status(200);
    ada.delete(posts[2].url()).await.expect_status(204);
    root.delete(bob.url()).await.expect_status(204);
    root.publish("Same title").await;
    root.act(format!("{}/restore", bob.url()))
        .await
        .expect_status(200);
    root.act(format!("{}/purge", posts[2].url()))
        .await
        .expect_status(204);
    ada.delete(posts[0].url()).await.expect_status(204);
    root.delete(role.url()).await.expect_status(204);
    root.act(format!("{}/restore", role.url()))
        .await
        .expect_status(200);

    let many = json!({ "operations": [
        { "op": "create", "data": { "title": "In bulk", "content": "…" } },
        { "op": "create", "data": { "title": "In bulk", "content": "…" } },
        { "op": "update", "id": posts[1].id(), "data": { "summary": "Short", "content": "Changed." } },
        { "op": "delete", "id": posts[1].id() },
    ] });
    root.post("/posts/bulk", many).await.expect_status(200);
    let many = json!({ "operations": [
        { "op": "create", "data": { "username": "eve", "email": "eve@example.org", "password": PASSWORD } },
        { "op": "update", "id": bob.id(), "data": { "bio": "Bob" } },
    ] });
    root.post("/users/bulk", many).await.expect_status(200);
    let change = json!({ "current_password": PASSWORD, "new_password": "another password" });
    ada.post("/auth/password", change).await.expect_status(204);

    assert!(assert_replays(&root).await > 16);
}
