//! The bodies of imports: type, size, timeout, and broken connections.
use std::{io::Write, net::TcpStream, time::Duration};

use reqwest::Method;
use tests::{Client, Reply, TestApp, json, process::eventually, raw};

use super::import::{errors, lines, post, total};

pub fn head(client: &Client, path: &str, length: &str) -> String {
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: localhost\r\nAuthorization: Bearer {}\r\n\
         Content-Type: application/x-ndjson\r\n{length}\r\n\r\n",
        client.token(),
    )
}

/// Returns this many posts as one chunk of a chunked body.
pub fn chunk(count: usize) -> String {
    let text = lines((0..count).map(|number| post(format!("Post {number}"))));
    format!("{:x}\r\n{text}\r\n", text.len())
}

/// Waits until there are this many posts.
async fn wait_for_posts(client: &Client, count: i64) {
    eventually("chunks are written", async || {
        // There may be no free connection while a batch is written.
        let page = client.get("/posts?count=exact").await;
        (page.body["page"]["total"] == count).then_some(())
    })
    .await;
}

pub const CHUNKED: &str = "Transfer-Encoding: chunked";

#[actix_web::test]
async fn the_content_type_of_an_import_must_match_its_format() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let text = lines([post("Hello")]);
    let send = async |path: &str, headers: &[(&str, &str)]| {
        let request = ada.request(Method::POST, path);
        let request = headers.iter().fold(request, |request, (name, value)| {
            request.header(*name, *value)
        });
        Reply::send(request.body(text.clone())).await
    };
    let ndjson = ("content-type", "application/x-ndjson");
    let csv = ("content-type", "text/csv; charset=utf-8; header=present");

    for (path, headers) in [
        ("/posts/import", &[][..]),
        ("/posts/import", &[("content-type", "application/json")]),
        (
            "/posts/import",
            &[("content-type", "text/csv; charset=iso-8859-1")],
        ),
        ("/posts/import", &[ndjson, ("content-encoding", "gzip")]),
        ("/posts/import?format=csv", &[ndjson]),
        ("/posts/import?format=ndjson", &[csv]),
    ] {
        send(path, headers)
            .await
            .expect_problem(415, "unsupported_media_type");
    }
    send("/posts/import?format=ndjson", &[ndjson])
        .await
        .expect_status(200);
    send("/posts/import", &[csv])
        .await
        .expect_problem(422, "validation_failed");
}

#[actix_web::test]
async fn an_import_refuses_unknown_parameters() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let path = "/posts/import?format=xml&on_error=ignore&dry_run=1&skip=-1&no_such=1";
    let reply = ada.import(path, "").await;

    let reply = reply.expect_problem(400, "malformed_request");
    assert_eq!(
        reply.places(),
        ["dry_run", "format", "no_such", "on_error", "skip"]
    );
}

#[actix_web::test]
async fn a_body_that_is_too_large_is_413_and_committed_chunks_stay() {
    let app = TestApp::with(|with| with.server.import_limit = 100_000).await;
    let ada = app.member("ada").await;

    let announced = raw::send(
        app.address,
        head(&ada, "/posts/import", "Content-Length: 100001").into(),
    )
    .await;
    let text = head(&ada, "/posts/import", CHUNKED) + &chunk(1_500) + &chunk(1_500);
    let sent = raw::send(app.address, text.into()).await;

    assert_eq!(announced.status, 413);
    assert_eq!(
        (sent.status, &sent.body()["committed_lines"]),
        (413, &json!(1_000))
    );
    assert_eq!(total(&ada, "/posts").await, 1_000);
}

#[actix_web::test]
async fn an_import_whose_body_stalls_is_408() {
    let soon = Duration::from_millis(200);
    let app = TestApp::with(|with| with.server.body_timeout = soon).await;
    let ada = app.member("ada").await;

    let text = head(&ada, "/posts/import", CHUNKED) + &chunk(1_500);
    let reply = raw::send(app.address, text.into()).await;

    assert_eq!(
        (reply.status, &reply.body()["committed_lines"]),
        (408, &json!(1_000))
    );
    assert_eq!(total(&ada, "/posts").await, 1_000);
}

#[actix_web::test]
async fn only_whole_chunks_of_an_interrupted_import_are_written() {
    let app = TestApp::with(|with| with.server.max_imports = 1).await;
    let ada = app.member("ada").await;

    for is_reset in [false, true] {
        let before = total(&ada, "/posts").await;
        let text = head(&ada, "/posts/import", CHUNKED) + &chunk(2_500);
        let mut stream = TcpStream::connect(app.address).unwrap();
        stream.write_all(text.as_bytes()).unwrap();
        wait_for_posts(&ada, before + 2_000).await;
        if is_reset {
            // The server has not read these bytes, so closing the connection resets it.
            stream.write_all(b"GET / HTTP/1.1\r\n\r\n").unwrap();
        }
        drop(stream);
        eventually("its place is free", async || {
            let again = ada.import("/posts/import?dry_run=true", "").await;
            (again.status == 200).then_some(())
        })
        .await;

        assert_eq!(total(&ada, "/posts").await, before + 2_000);
    }
}

#[actix_web::test]
async fn a_line_that_is_too_long_is_refused_and_the_next_one_read() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let long = json!({ "title": "Long", "content": "x".repeat(1024 * 1024) });
    let rows = lines([post("First"), long, post("Last")]);
    let table = format!(
        "title,content\na,b\nLong,\"{}\"\nc,d\n",
        "x\n".repeat(600_000)
    );

    let ndjson = ada
        .import("/posts/import?on_error=skip", rows)
        .await
        .expect_status(200);
    let csv = ada
        .import("/posts/import?on_error=skip&format=csv", table)
        .await
        .expect_status(200);

    assert_eq!(errors(&ndjson), [(2, "")]);
    assert_eq!(errors(&csv), [(3, "")]);
    for reply in [ndjson, csv] {
        assert_eq!(reply.body["errors"][0]["code"], "too_long");
        assert_eq!(reply.body["created"], 2);
    }
}

#[actix_web::test]
async fn the_number_of_concurrent_imports_is_limited() {
    let app = TestApp::with(|with| with.server.max_imports = 1).await;
    let ada = app.member("ada").await;
    let text = head(&ada, "/posts/import", CHUNKED) + &chunk(1_001);
    let mut stream = TcpStream::connect(app.address).unwrap();
    stream.write_all(text.as_bytes()).unwrap();
    wait_for_posts(&ada, 1_000).await;

    let second = ada.import("/posts/import", lines([post("Hello")])).await;

    let second = second.expect_problem(503, "unavailable");
    assert_eq!(second.header("retry-after"), "1");
    drop(stream);
    eventually("the place is free again", async || {
        let again = ada.import("/posts/import", lines([post("Hello")])).await;
        (again.status == 200).then_some(())
    })
    .await;
}
