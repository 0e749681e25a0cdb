//! An answer repeats little of what the client sent.
use reqwest::{Method, header::HeaderValue};
use serde_json::Value;
use tests::{Client, Reply, TestApp, json};

use super::{all_routes, numbered, samples};

/// The most bytes of a refusal with its headers.
const MOST: usize = 32 * 1024;

fn size(reply: &Reply) -> usize {
    let headers = reply.headers.iter();
    let head: usize = headers
        .map(|(name, value)| name.as_str().len() + value.len() + 4)
        .sum();
    head + reply.text.len()
}

async fn send(client: &Client, method: &Method, path: &str, body: Option<&str>) -> Reply {
    let request = client.request(method.clone(), path);
    Reply::send(match body {
        Some(body) => {
            let kind = if path.ends_with("/import") {
                "application/x-ndjson"
            } else {
                "application/json"
            };
            request.header("content-type", kind).body(body.to_owned())
        }
        None => request,
    })
    .await
}

fn check(reply: &Reply, what: &str) {
    assert!(size(reply) < MOST, "{what}: {} bytes", size(reply));
    let errors = reply.body["errors"].as_array().map_or(0, Vec::len);
    let most = if what.contains("/import") { 100 } else { 20 };
    assert!(errors <= most, "{what}: {errors} errors");
}

/// Unknown parameters of a query string.
fn parameters(count: usize, end: &str) -> String {
    let each = (0..count).map(|number| format!("&p{number}{end}"));
    each.collect::<Vec<_>>().concat()
}

#[actix_web::test]
async fn every_route_answers_junk_in_the_query_briefly() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let many = parameters(1_000, "=");
    let long = "x".repeat(7_000);
    let junk = [
        parameters(8_000, ""),
        format!("q={}", "%01".repeat(20_000)),
        many,
        format!("{long}=1"),
        format!("sort={long}"),
        format!("include={long}"),
        format!("fields={long}"),
        format!("fields={}", "%01".repeat(2_000)),
        format!("cursor={long}"),
        format!("title[{long}]=1"),
        format!("{long}.username=1"),
        format!("group_by={long}"),
        format!("format={long}"),
        format!("method=GET&path=/{long}"),
    ];

    for (method, path) in all_routes() {
        for junk in &junk {
            let asked = format!("{}?{junk}", numbered(&path, "4711"));
            let reply = send(&root, &method, &asked, None).await;

            let what = format!("{method} {path}?{}", &junk[..20]);
            check(&reply, &what);
            // A cursor is looked at once the row is found that it belongs to.
            if junk.starts_with("cursor") && reply.status == 404 {
                reply.expect_problem(404, "not_found")
            } else {
                reply.expect_problem(400, "malformed_request")
            };
        }
    }
}

#[actix_web::test]
async fn every_route_answers_junk_in_the_body_briefly() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let long = "x".repeat(900_000);
    let operations: Vec<_> = (0..900)
        .map(|_| json!({ "op": "create", "data": { "title": "", "name": "", "body": 7 } }))
        .collect();
    let fields: serde_json::Map<_, _> = (0..4_000)
        .map(|number| (format!("field{number}"), number.into()))
        .collect();
    let everywhere = [
        json!({ long.clone(): 1 }),
        json!({ "operations": operations, "title": long, "name": long, "login": long, "version": long, "id": long }),
        json!({ "version": long, "is_active": long, "scopes": long, "permissions": long }),
        fields.into(),
    ]
    .map(|junk: Value| junk.to_string());

    for (method, path) in all_routes() {
        if samples::body(&method, &path).is_none() && !path.ends_with("/import") {
            continue;
        }
        for (number, junk) in everywhere.iter().enumerate() {
            let asked = numbered(&path, "4711");
            let reply = send(&root, &method, &asked, Some(junk)).await;

            check(
                &reply,
                &format!("{method} {path}, {number}: {}", reply.status),
            );
        }
    }
}

#[actix_web::test]
async fn a_route_answers_junk_in_its_own_body_briefly() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let long = "x".repeat(900_000);
    let lists = |name: &str, count: usize| {
        let wrong = vec!["wrong"; count];
        json!({ "name": name, "scopes": wrong, "permissions": wrong })
    };
    let keys = |count: usize| json!({ "name": "Key", "scopes": vec!["wrong"; count] });
    let roles = |count: usize| json!({ "name": "role", "permissions": vec!["wrong"; count] });
    let text = |junk: &Value| junk.to_string();
    let particular = [
        ("/auth/api-keys", text(&keys(5_000))),
        ("/auth/api-keys", text(&keys(120_000))),
        ("/auth/api-keys", text(&lists("Key", 1_000))),
        ("/roles", text(&roles(5_000))),
        ("/users", text(&json!({ "is_active": long }))),
        ("/posts/4711/revert", text(&json!({ "version": long }))),
        (
            "/posts/bulk",
            text(&json!({ "operations": [{ "op": long }] })),
        ),
        ("/posts", text(&long.clone().into())),
        (
            "/posts",
            format!(r#"{{"{0}":1,"{0}":1}}"#, "x".repeat(400_000)),
        ),
        ("/posts", "[".repeat(1_000_000)),
        ("/posts", "\u{1}".repeat(1_000_000)),
        ("/posts/import", "a\n".repeat(500_000)),
        ("/posts/import", format!("{{\"{long}\":1}}\n")),
    ];

    for (path, junk) in particular {
        let reply = send(&root, &Method::POST, path, Some(&junk)).await;

        let what = format!("{path}, {}", &junk[..20]);
        check(&reply, &what);
        assert!(
            [400, 422].contains(&reply.status),
            "{what}: {}",
            reply.status
        );
    }
}

#[actix_web::test]
async fn a_refusal_counts_all_errors_and_lists_the_first_20() {
    let app = TestApp::new().await;
    let many = parameters(1_000, "");

    let reply = app.anonymous().get(format!("/posts?{many}")).await;

    let reply = reply.expect_problem(400, "malformed_request");
    assert_eq!(reply.body["errors"].as_array().unwrap().len(), 20);
    let detail = "1000 query parameters were refused; the first 20 are listed";
    assert_eq!(reply.body["detail"], detail);
    let long = "x".repeat(101);
    let reply = app.anonymous().get(format!("/posts?{long}=1")).await;
    let expected = format!("{}…", "x".repeat(100));
    reply
        .expect_problem(400, "malformed_request")
        .expect_error_at(&expected);
    let reply = app
        .anonymous()
        .get(format!("//{}", "x".repeat(9_000)))
        .await;
    let reply = reply.expect_problem(404, "not_found");
    assert_eq!(reply.body["instance"].as_str().unwrap().len(), 200);
}

#[actix_web::test]
async fn a_link_is_no_longer_than_an_accepted_request() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for title in ["One", "Two"] {
        ada.publish(title).await;
    }
    // Brackets and commas are three bytes each in a link.
    let filter = |count: usize| {
        let slugs = ["one"; 2].join(",") + &",two".repeat(90);
        format!(
            "/posts?limit=1&slug[in]={slugs}&title[nin]={}",
            ",x".repeat(count)
        )
    };

    let short = ada.get(filter(10)).await.expect_status(200);
    assert!(short.header("link").contains("rel=\"next\""));
    let long = format!("/posts?limit=1&title[ne]={}", ",".repeat(4_000));
    let long = ada.get(long).await.expect_status(200);
    let links = long.headers.get("link").map_or(0, HeaderValue::len);
    assert!(links <= 8_192, "{links}");
    assert!(long.body["page"]["next"].is_string());
    for part in short
        .header("link")
        .split(", <")
        .filter_map(|link| link.split('>').next())
    {
        let path = part.trim_start_matches('<');
        ada.get(path).await.expect_status(200);
    }
}
