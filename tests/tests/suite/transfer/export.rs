//! Exports: their rows, their formats and their limits.
use std::{collections::BTreeSet, time::Duration};

use reqwest::Method;
use serde_json::Value;
use tests::{Client, PASSWORD, Reply, TestApp, json, process::eventually, sql};

const RESOURCES: [&str; 4] = ["users", "posts", "comments", "roles"];

/// Returns the rows of an export as NDJSON.
pub async fn rows(client: &Client, path: &str) -> Vec<Value> {
    let reply = client.get(path).await.expect_status(200);
    assert_eq!(reply.header("content-type"), "application/x-ndjson");
    let rows = reply.text.lines().map(serde_json::from_str);
    rows.collect::<Result<_, _>>().unwrap()
}

/// Creates rows of every resource by a superuser and by ada.
async fn world(app: &TestApp) -> (Client, Client) {
    let root = app.superuser("root").await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await.id();
    ada.post("/posts", json!({ "title": "Draft", "content": "…" }))
        .await
        .expect_status(201);
    ada.comment(post, "First").await;
    root.comment(post, "Second").await;
    let bob = json!({ "username": "bob", "email": "bob@example.org", "password": PASSWORD });
    let bob = root.post("/users", bob).await.expect_status(201);
    root.delete(bob.url()).await.expect_status(204);
    (root, ada)
}

#[actix_web::test]
async fn an_export_shows_what_a_list_shows_to_the_same_caller() {
    let app = TestApp::new().await;
    let (root, ada) = world(&app).await;
    let queries = [
        "",
        "sort=-created_at",
        "fields=created_at,version",
        "deleted=include",
        "id[lt]=3",
    ];

    for client in [&root, &ada, &app.anonymous()] {
        for resource in RESOURCES {
            for query in queries {
                let list = client.get(format!("/{resource}?limit=100&{query}")).await;
                let export = client.get(format!("/{resource}/export?{query}")).await;

                assert_eq!(export.status, list.status, "{resource} {query}");
                if list.status == 200 {
                    let mut rows = rows(client, &format!("/{resource}/export?{query}")).await;
                    // An export also has the names of referenced rows.
                    for row in rows.iter_mut().filter_map(Value::as_object_mut) {
                        row.retain(|name, _| !name.contains('.'));
                    }
                    assert_eq!(Value::from(rows), list.body["data"], "{resource} {query}");
                }
            }
        }
    }
}

#[actix_web::test]
async fn an_export_has_every_row_once_however_many_pages_it_takes() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let count = 350;
    fill(&app, &ada, 350, "…").await;

    for sort in ["", "&sort=slug", "&sort=-created_at"] {
        let rows = rows(&ada, &format!("/posts/export?fields=title{sort}")).await;

        let ids: BTreeSet<_> = rows.iter().map(|row| row["id"].as_i64()).collect();
        assert_eq!((rows.len(), ids.len()), (count, count), "{sort}");
    }
}

#[actix_web::test]
async fn a_search_is_a_filter_of_an_export() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for title in ["Rust", "Other", "Rust and rust"] {
        ada.publish(title).await;
    }

    let found = rows(&ada, "/posts/export?q=rust&fields=title").await;

    let titles: Vec<_> = found
        .iter()
        .map(|row| row["title"].as_str().unwrap())
        .collect();
    assert_eq!(titles, ["Rust and rust", "Rust"]);
}

#[actix_web::test]
async fn an_export_refuses_the_parameters_of_pages() {
    let app = TestApp::new().await;

    let reply = app
        .anonymous()
        .get("/posts/export?limit=1&cursor=a&offset=1&include=author&count=exact&format=xml&no_such=1")
        .await;

    let reply = reply.expect_problem(400, "malformed_request");
    let refused = [
        "count", "cursor", "format", "include", "limit", "no_such", "offset",
    ];
    assert_eq!(reply.places(), refused);
    let twice = app
        .anonymous()
        .get("/posts/export?format=csv&format=csv")
        .await;
    twice.expect_problem(400, "malformed_request");
}

#[actix_web::test]
async fn an_export_cannot_be_filtered_by_an_unreadable_private_field() {
    let app = TestApp::new().await;
    let (root, ada) = world(&app).await;

    let refused = ada.get("/users/export?email[starts_with]=root").await;
    let found = rows(&root, "/users/export?email[starts_with]=root").await;

    let refused = refused.expect_problem(400, "malformed_request");
    assert!(!refused.text.contains("limit"), "{}", refused.text);
    assert_eq!(found.len(), 1);
}

#[actix_web::test]
async fn an_export_is_a_file_of_its_own_name_and_type() {
    let app = TestApp::new().await;
    let (root, _) = world(&app).await;

    for resource in RESOURCES {
        for (format, kind) in [
            ("ndjson", "application/x-ndjson"),
            ("csv", "text/csv; charset=utf-8; header=present"),
        ] {
            let path = format!("/{resource}/export?format={format}");
            let get = root.get(&path).await.expect_status(200);
            let head = Reply::send(root.request(Method::HEAD, &path)).await;

            let name = format!("attachment; filename=\"{resource}.{format}\"");
            for reply in [&get, &head.clone().expect_status(200)] {
                assert_eq!(reply.header("content-disposition"), name);
                assert_eq!(reply.header("content-type"), kind);
                assert_eq!(reply.header("cache-control"), "private, no-cache");
            }
            assert_eq!(head.text, "");
        }
    }
}

#[actix_web::test]
async fn a_heavy_field_that_is_not_shown_is_not_read() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    ada.publish("Hello").await;
    app.statements.take();

    rows(&app.anonymous(), "/posts/export?fields=title").await;

    let statements = app.statements.take();
    assert_eq!(statements.len(), 1, "{statements:#?}");
    assert!(
        !statements[0].contains(r#""posts"."content""#),
        "{statements:#?}"
    );
}

#[actix_web::test]
async fn the_number_of_concurrent_exports_is_limited() {
    let app = TestApp::with(|with| with.server.max_exports = 1).await;
    let ada = large(&app).await;

    let first = ada
        .request(Method::GET, "/posts/export")
        .send()
        .await
        .unwrap();
    let second = ada.get("/posts/export").await;

    let second = second.expect_problem(503, "unavailable");
    assert_eq!(second.header("retry-after"), "1");
    drop(first);
    eventually("the place is free again", async || {
        let again = ada.get("/posts/export?id=1").await;
        (again.status == 200).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn an_export_reads_the_next_page_after_the_client_has_read_the_last() {
    let app = TestApp::new().await;
    let ada = large(&app).await;
    app.statements.take();

    let mut export = ada
        .request(Method::GET, "/posts/export")
        .send()
        .await
        .unwrap();
    assert!(export.chunk().await.unwrap().is_some());
    let stalled = app.statements.take().len();
    let mut bytes = 0;
    while let Some(chunk) = export.chunk().await.unwrap() {
        bytes += chunk.len();
    }

    let all = stalled + app.statements.take().len();
    assert!(
        stalled < all,
        "{stalled} of {all} statements before any was taken"
    );
    assert!(bytes > 15_000_000, "{bytes}");
}

#[actix_web::test]
async fn an_export_that_its_client_does_not_read_is_cut() {
    let app = TestApp::with(|with| {
        with.server.export_timeout = Duration::from_secs(1);
        with.server.max_exports = 1;
    })
    .await;
    let ada = large(&app).await;

    let mut export = ada
        .request(Method::GET, "/posts/export")
        .send()
        .await
        .unwrap();
    eventually("the place is free", async || {
        let again = ada.get("/posts/export?id=1").await;
        (again.status == 200).then_some(())
    })
    .await;

    let mut last = export.chunk().await;
    while matches!(last, Ok(Some(_))) {
        last = export.chunk().await;
    }
    assert!(last.is_err(), "the export must not look complete");
}

/// Creates published posts with this content by one statement: through the API, a debug build takes long to index them.
async fn fill(app: &TestApp, author: &Client, count: i64, content: &str) {
    let at = format!("(SELECT created_at FROM users WHERE id = {})", author.id);
    let insert = format!(
        "WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) \
         INSERT INTO posts (created_at, updated_at, version, author_id, title, slug, content, status) \
         SELECT {at}, {at}, 1, {}, 'Post ' || (i % 7), 'post-' || i, '{content}', 'published' FROM n",
        author.id
    );
    sql::run(&app.kernel, &insert).await;
}

/// Creates more than the sockets between a server and its client hold.
async fn large(app: &TestApp) -> Client {
    let ada = app.member("ada").await;
    fill(app, &ada, 200, &"x".repeat(100_000)).await;
    ada
}
