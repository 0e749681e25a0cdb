//! `q`: full-text search, the same on every database (contract §4).
mod drawn;
mod nasty;
mod pages;
mod plan;
mod rank;
mod scope;
mod step;
mod words;

use tests::{Client, TestApp, json};

/// Publishes a post of this client.
async fn post(client: &Client, title: &str, summary: &str, content: &str) -> i64 {
    let post =
        json!({ "title": title, "summary": summary, "content": content, "status": "published" });
    client.post("/posts", post).await.expect_status(201).id()
}

/// Returns the ids that a search finds, the best match first.
async fn find(client: &Client, resource: &str, q: &str) -> Vec<i64> {
    let reply = client.get(url(resource, q)).await.expect_status(200);
    reply.ids()
}

fn url(resource: &str, q: &str) -> String {
    let q: Vec<_> = q.bytes().map(|byte| format!("%{byte:02X}")).collect();
    format!("/{resource}?q={}", q.concat())
}

#[actix_web::test]
async fn a_resource_without_search_refuses_q() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for path in ["/comments", "/roles", "/users/1", "/users/1/roles"] {
        let refused = root.get(format!("{path}?q=hello")).await;

        refused
            .expect_problem(400, "malformed_request")
            .expect_error_at("q");
    }
}
