//! A private field is shown only to the owner of the row and to callers who may read all rows.
mod ledger;

use std::collections::BTreeSet;

use reqwest::Method;
use serde_json::Value;
use service::registry;
use tests::{Client, Reply, TestApp, json, sql};

use ledger::{own_routes, with_ledger};

/// No other text contains it.
const CANARY: &str = "kanarienvogel";

fn sings(reply: &Reply) -> bool {
    format!("{}{:?}", reply.text, reply.headers).contains(CANARY)
}

/// Creates a row with the canary in each private field, in two versions.
async fn row(ada: &Client) -> i64 {
    let row = json!({ "title": "Open", "summary": CANARY, "content": CANARY });
    let row = ada.post("/posts", row).await.expect_status(201);
    let patch = json!({ "title": "Opened", "content": format!("{CANARY} again") });
    ada.patch(row.url(), patch).await.expect_status(200);
    row.id()
}

/// Returns the query of a route that reads, and the body of one that writes.
fn asked(method: &str, path: &str, id: i64) -> Option<Vec<(String, Value)>> {
    let all = "summary,content,title";
    let queries = |queries: &[&str]| {
        let ask = |query: &&str| {
            (
                format!("{}{query}", path.replace("{id}", &id.to_string())),
                Value::Null,
            )
        };
        Some(queries.iter().map(ask).collect())
    };
    let send = |body: Value| Some(vec![(path.replace("{id}", &id.to_string()), body)]);
    let fields = format!("?fields={all}");
    match (method, path) {
        ("GET", "/posts") => queries(&[
            "",
            &fields,
            "?limit=1&sort=id",
            "?include=author",
            "?deleted=include",
        ]),
        ("GET", "/posts/{id}") => {
            queries(&["", &fields, "?include=author,comments", "?deleted=include"])
        }
        ("GET", "/posts/export") => queries(&["", &fields, "?format=csv", "?deleted=include"]),
        ("GET", "/posts/{id}/history") => queries(&["", "?fields=changes", "?limit=1"]),
        ("GET", "/posts/stats") => queries(&["", "?group_by=title", "?min=slug"]),
        ("GET", "/posts/{id}/impact") => queries(&[""]),
        ("PATCH", "/posts/{id}") => send(json!({ "title": "Patched" })),
        ("POST", "/posts/{id}/revert") => send(json!({ "version": 1 })),
        ("DELETE", "/posts/{id}") => send(Value::Null),
        ("POST", "/posts/{id}/restore") => send(json!({ "title": "Restored" })),
        ("POST", "/posts/bulk") => send(
            json!({ "operations": [{ "op": "update", "id": id, "data": { "title": "Bulk" } }] }),
        ),
        // These routes answer with data of the caller, or with nothing.
        ("POST", "/posts" | "/posts/import" | "/posts/{id}/purge") => Some(Vec::new()),
        _ => None,
    }
}

/// Calls every route in every way, and returns the paths whose answers contain the canary.
async fn heard(client: &Client, id: i64) -> BTreeSet<String> {
    let mut heard = BTreeSet::new();
    for (method, path) in own_routes() {
        let asked = asked(&method, &path, id);
        let asked = asked.unwrap_or_else(|| {
            panic!("{method} {path}: add to `asked` the requests that a caller may send to it")
        });
        for (path, body) in asked {
            let request = client.request(Method::from_bytes(method.as_bytes()).unwrap(), &path);
            let reply = Reply::send(match body {
                Value::Null => request,
                body => request.json(&body),
            })
            .await;
            assert!(reply.status < 500, "{method} {path}: {}", reply.text);
            if sings(&reply) {
                heard.insert(format!("{method} {path}"));
            }
        }
    }
    let related = [
        "/comments?include=post,post.content".to_owned(),
        "/users?include=posts&fields=username".to_owned(),
        "/comments?include=post.content&sort=id&limit=1".to_owned(),
    ];
    for path in related {
        let reply = client.get(&path).await.expect_status(200);
        assert!(reply.text.contains("slug-"), "{path}: {}", reply.text);
        if sings(&reply) {
            heard.insert(path);
        }
    }
    heard
}

#[actix_web::test]
async fn no_route_shows_a_private_field_to_callers_who_may_not_read_it() {
    let app = TestApp::with(|with| with.routes = with_ledger).await;
    let ada = app.member("ada").await;
    let id = row(&ada).await;
    ada.comment(id, "On it").await;
    let writes = [
        "posts.create",
        "posts.update",
        "posts.delete",
        "posts.restore",
        "posts.audit",
    ];
    let writer = app.with_permissions("writer", &writes).await;

    for client in [&app.anonymous(), &app.member("bob").await, &writer] {
        let heard = heard(client, id).await;
        assert!(heard.is_empty(), "{} hears {heard:?}", client.id);
    }
    let shown = writer
        .patch(format!("/posts/{id}"), json!({ "title": "Seen" }))
        .await;
    let shown = shown.expect_status(200);
    assert_eq!(shown.body["title"], "Seen");
    assert!(shown.header("etag").ends_with("p\""));
}

/// This shows that the sweep above can find a private field.
#[actix_web::test]
async fn every_route_shows_a_private_field_to_callers_who_may_read_it() {
    let app = TestApp::with(|with| with.routes = with_ledger).await;
    let ada = app.member("ada").await;
    let id = row(&ada).await;
    ada.comment(id, "On it").await;
    let admin = app.admin("admin").await;

    for client in [&ada, &admin] {
        let heard = heard(client, id).await;
        let ways: BTreeSet<_> = heard
            .iter()
            .map(|way| way.split('?').next().unwrap())
            .collect();
        let one = format!("/posts/{id}");
        let expected = [
            "GET /posts".to_owned(),
            "GET /posts/export".to_owned(),
            format!("GET {one}"),
            format!("GET {one}/history"),
            format!("PATCH {one}"),
            format!("POST {one}/restore"),
            format!("POST {one}/revert"),
        ];
        assert_eq!(
            ways,
            expected.iter().map(String::as_str).collect(),
            "{}",
            client.id
        );
    }
    for query in ["summary=x", "summary[contains]=x", "sort=summary"] {
        let list = format!("/posts?{query}");
        admin.get(&list).await.expect_status(200);
        ada.get(&list)
            .await
            .expect_problem(400, "malformed_request");
    }
    for query in ["group_by=summary", "min=summary", "max=content"] {
        let refused = ada.get(format!("/posts/stats?{query}")).await;
        let refused = refused.expect_problem(400, "malformed_request");
        assert_eq!(refused.body["errors"][0]["code"], "unknown", "{query}");
    }
}

#[actix_web::test]
async fn a_declared_private_field_is_hidden_from_other_callers() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    app.member("bob").await;
    let admin = app.admin("admin").await;
    let mut seen = 0;

    for table in registry().tables() {
        let (all, one) = (
            format!("/{}?sort=id", table.name),
            format!("/{}/2", table.name),
        );
        for private in &table.private {
            seen += 1;
            for client in [&app.anonymous(), &ada] {
                let list = client.get(&all).await.expect_status(200);
                let rows = list.body["data"].as_array().unwrap();
                for row in rows.iter().filter(|row| row["id"] != client.id) {
                    assert!(row.get(*private).is_none(), "{all}: {private} in {row}");
                }
                let row = client.get(&one).await.expect_status(200).body;
                assert!(row.get(*private).is_none(), "{one}: {private} in {row}");
            }
            for client in [&ada, &admin] {
                let own = client.get(format!("/{}/1", table.name)).await.body;
                assert!(own.get(*private).is_some(), "{private} is missing in {own}");
            }
        }
        let searched = |name: &&&str| table.search.contains(*name);
        assert_eq!(
            table.private.iter().find(searched),
            None,
            "a search would tell"
        );
    }

    assert_eq!(seen, 4, "there are private members");
}

#[actix_web::test]
async fn the_audit_shows_private_fields_to_callers_who_may_read_them() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let root = app.superuser("root").await;
    let patch = json!({ "email": format!("{CANARY}@example.org"), "bio": "Open" });
    root.patch(format!("/users/{}", ada.id), patch)
        .await
        .expect_status(200);
    let auditor = app.with_permissions("auditor", &["audit.read"]).await;
    let reader = app
        .with_permissions("reader", &["audit.read", "users.read"])
        .await;
    let path = format!(
        "/audit?resource=users&resource_id={}&action=updated",
        ada.id
    );

    for (client, sees) in [(&auditor, false), (&reader, true), (&root, true)] {
        let page = client.get(&path).await.expect_status(200);
        assert!(page.text.contains("Open"), "{}", page.text);
        assert_eq!(sings(&page), sees, "{}", page.text);
    }
}

#[actix_web::test]
async fn the_audit_of_a_removed_table_shows_changes_to_superusers_only() {
    let app = TestApp::new().await;
    app.member("ada").await.publish(CANARY).await;
    let root = app.superuser("root").await;
    let auditor = app
        .with_permissions("auditor", &["audit.read", "posts.*"])
        .await;
    let removed = "UPDATE audit_entries SET resource = 'widgets' WHERE resource = 'posts'";
    sql::run(&app.kernel, removed).await;

    for (client, sees) in [(&auditor, false), (&root, true)] {
        let page = client
            .get("/audit?resource=widgets")
            .await
            .expect_status(200);
        assert_eq!(page.body["data"][0]["resource"], "widgets");
        assert_eq!(sings(&page), sees, "{}", page.text);
    }
}
