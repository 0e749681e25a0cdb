//! Preconditions as RFC 9110, section 13 defines them.
use reqwest::Method;
use serde_json::Value;
use tests::{Client, Reply, TestApp, json};

async fn send(
    who: &Client,
    (method, path): (Method, &str),
    headers: &[(&str, &str)],
    body: Value,
) -> Reply {
    let mut request = who.request(method, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    Reply::send(match body {
        Value::Null => request,
        body => request.json(&body),
    })
    .await
}

/// Every route that changes one row, in a state that allows it.
async fn changes(root: &Client) -> Vec<(Method, String, Value, String)> {
    let role = json!({ "name": "reader", "permissions": [] });
    let role = root.post("/roles", role).await.expect_status(201).id();
    let mut all = Vec::new();
    let mut rows = Vec::new();
    for number in 0..5 {
        let post = root.publish(&format!("Post {number}")).await;
        let path = post.url().to_owned();
        root.patch(&path, json!({ "summary": "?" }))
            .await
            .expect_status(200);
        rows.push(path);
    }
    for deleted in &rows[3..] {
        root.delete(deleted).await.expect_status(204);
    }
    let mut add = |method, path: String, body, version: &str| {
        all.push((method, path, body, version.to_owned()));
    };
    add(Method::PATCH, rows[0].clone(), json!({ "title": "!" }), "2");
    add(Method::DELETE, rows[1].clone(), Value::Null, "2");
    add(
        Method::POST,
        format!("{}/revert", rows[2]),
        json!({ "version": 1 }),
        "2",
    );
    add(
        Method::POST,
        format!("{}/restore", rows[3]),
        Value::Null,
        "3",
    );
    add(Method::POST, format!("{}/purge", rows[4]), Value::Null, "3");
    add(
        Method::PUT,
        format!("/users/{}/roles/{role}", root.id),
        Value::Null,
        "1",
    );
    add(
        Method::PATCH,
        "/auth/me".to_owned(),
        json!({ "bio": "!" }),
        "2",
    );
    all
}

#[actix_web::test]
async fn a_change_is_refused_for_an_excluded_version() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (method, path, body, version) in changes(&root).await {
        let what = (method.clone(), path.as_str());
        let tag = format!("\"{version}\"");
        let public = format!("\"{version}p\"");
        let weak = format!("W/\"{version}\"");
        let list = format!("\"77\", {tag}");
        for unwanted in ["*".to_owned(), tag.clone(), public, weak, list] {
            let unwanted = unwanted.as_str();
            let reply = send(
                &root,
                what.clone(),
                &[("If-None-Match", unwanted)],
                body.clone(),
            )
            .await;
            assert_eq!(
                reply.status, 412,
                "{method} {path}, {unwanted}: {}",
                reply.text
            );
        }
        // If-Match comes first.
        let both = [("If-Match", "\"77\""), ("If-None-Match", tag.as_str())];
        let reply = send(&root, what.clone(), &both, body.clone()).await;
        assert!(
            reply.body["detail"]
                .as_str()
                .unwrap()
                .contains("read it again"),
            "{}",
            reply.text
        );
        send(&root, what.clone(), &[("If-None-Match", "x")], body.clone())
            .await
            .expect_status(400);
        let stale = send(&root, what.clone(), &[("If-Match", "\"77\"")], body.clone()).await;
        assert_eq!(stale.status, 412, "{method} {path}: {}", stale.text);

        let other = [("If-Match", tag.as_str()), ("If-None-Match", "\"77\"")];
        let done = send(&root, what, &other, body).await;
        assert!(done.status < 300, "{method} {path}: {}", done.text);
    }
}

#[actix_web::test]
async fn a_create_ignores_excluded_versions() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let new = json!({ "title": "Hello", "content": "…" });
    let bulk = json!({ "operations": [{ "op": "create", "data": new }] });

    for (path, body) in [("/posts", new), ("/posts/bulk", bulk)] {
        let what = (Method::POST, path);
        let reply = send(&ada, what, &[("If-None-Match", "*")], body).await;
        assert!(reply.status < 300, "{}", reply.text);
    }
}

#[actix_web::test]
async fn a_tag_has_only_one_spelling() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    for title in ["Two", "Three"] {
        ada.patch(post.url(), json!({ "title": title }))
            .await
            .expect_status(200);
    }

    for tag in [
        "\"03\"", "\"+3\"", "\"3pp\"", "\"p3\"", "\" 3\"", "\"3 \"", "\"\"", "\"p\"",
    ] {
        let headers = [("If-Match", tag)];
        let what = (Method::PATCH, post.url());
        let reply = send(&ada, what, &headers, json!({ "title": "!" })).await;
        assert!([400, 412].contains(&reply.status), "{tag}: {}", reply.text);
        let read = send(&ada, (Method::GET, post.url()), &headers, Value::Null).await;
        assert!([400, 412].contains(&read.status), "{tag}: {}", read.text);
        let unless = [("If-None-Match", tag)];
        let what = (Method::PATCH, post.url());
        let reply = send(&ada, what, &unless, json!({ "title": "Three" })).await;
        assert!([200, 400].contains(&reply.status), "{tag}: {}", reply.text);
    }

    assert_eq!(ada.get(post.url()).await.body["version"], 3);
}

#[actix_web::test]
async fn a_read_of_another_version_is_refused() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let path = post.url();
    let read = async |path: &str, tags: &[(&str, &str)]| {
        send(&ada, (Method::GET, path), tags, Value::Null).await
    };

    read(path, &[("If-Match", "\"777\"")])
        .await
        .expect_problem(412, "precondition_failed");
    read(path, &[("If-Match", "W/\"1\"")])
        .await
        .expect_status(412);
    read(path, &[("If-Match", "1")]).await.expect_status(400);
    for fits in ["*", "\"1\"", "\"1p\"", "\"777\", \"1\""] {
        read(path, &[("If-Match", fits)]).await.expect_status(200);
    }
    read(&format!("{path}?fields=title"), &[("If-Match", "\"1\"")])
        .await
        .expect_status(200);
    // Included rows do not affect the tag.
    let with_author = format!("{path}?include=author");
    read(&with_author, &[("If-Match", "\"777\"")])
        .await
        .expect_status(412);
    read(&with_author, &[("If-Match", "")])
        .await
        .expect_status(400);
    // If-Match comes first; then the client has this version already.
    read(path, &[("If-Match", "\"2\""), ("If-None-Match", "\"1\"")])
        .await
        .expect_status(412);
    read(path, &[("If-Match", "\"1\""), ("If-None-Match", "\"1\"")])
        .await
        .expect_status(304);
    let head = send(
        &ada,
        (Method::HEAD, path),
        &[("If-Match", "\"777\"")],
        Value::Null,
    )
    .await;
    assert_eq!(head.status, 412);
    read("/posts/4711", &[("If-Match", "\"777\"")])
        .await
        .expect_status(404);
}
