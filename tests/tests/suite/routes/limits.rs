//! Limits on the size of a body and the time it takes to arrive.
use std::time::Duration;

use reqwest::Method;
use tests::{
    Client, Reply, TestApp,
    raw::{self, RawReply},
};

use super::{numbered, samples::bodies};

/// Returns the size limit of a body in bytes (contract §1).
fn limit(path: &str) -> usize {
    if path.ends_with("/bulk") {
        16 * 1024 * 1024
    } else {
        1024 * 1024
    }
}

/// Sends a head and a part of a body.
async fn send(
    app: &TestApp,
    client: &Client,
    method: &Method,
    path: &str,
    length: &str,
    body: &[u8],
) -> RawReply {
    let head = format!(
        "{method} /api/v1{} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\n{length}\r\n\r\n",
        numbered(path, "4711"),
        client.token(),
    );
    raw::send(app.address, [head.as_bytes(), body].concat()).await
}

#[track_caller]
fn assert_problem(reply: &RawReply, status: u16, code: &str) {
    assert_eq!(reply.status, status, "{reply:?}");
    assert_eq!(reply.body()["code"], code, "{reply:?}");
    let head = reply.head.to_lowercase();
    assert!(
        head.contains("content-type: application/problem+json"),
        "{head}"
    );
    assert!(head.contains("x-request-id: "), "{head}");
}

#[actix_web::test]
async fn a_body_with_too_large_a_length_is_413_before_it_is_sent() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (method, path, _) in bodies() {
        let length = format!("Content-Length: {}", limit(&path) + 1);
        let reply = send(&app, &root, &method, &path, &length, b"").await;

        assert_problem(&reply, 413, "payload_too_large");
    }
}

#[actix_web::test]
async fn a_body_without_a_length_is_413_once_it_is_too_large() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (method, path, _) in bodies() {
        let size = limit(&path) + 1;
        let chunk = [format!("{size:x}\r\n").into_bytes(), vec![b' '; size]].concat();
        let reply = send(
            &app,
            &root,
            &method,
            &path,
            "Transfer-Encoding: chunked",
            &chunk,
        )
        .await;

        assert_problem(&reply, 413, "payload_too_large");
    }
}

#[actix_web::test]
async fn a_body_at_the_limit_is_read() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (method, path, _) in bodies() {
        let body = ["{\"no_such\":1}", &" ".repeat(limit(&path) - 13)].concat();
        let request = root.request(method, numbered(&path, "4711"));
        let request = request.header("content-type", "application/json");
        let reply = Reply::send(request.body(body)).await;

        reply.expect_problem(422, "validation_failed");
    }
}

#[actix_web::test]
async fn a_body_that_arrives_too_slowly_is_408() {
    let soon = Duration::from_millis(20);
    let app = TestApp::with(|with| with.server.body_timeout = soon).await;
    let root = app.superuser("root").await;

    for (method, path, _) in bodies() {
        let reply = send(&app, &root, &method, &path, "Content-Length: 10", b"{").await;

        assert_problem(&reply, 408, "request_timeout");
    }
}
