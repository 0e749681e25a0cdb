//! Clients that send slowly, partly or not at all.
use std::{net::SocketAddr, time::Duration};

use reqwest::Method;
use tests::{
    Client, TestApp,
    process::{eventually, within_limit},
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

const BODY: &str = r#"{"title":"Hello","content":"…"}"#;

/// Opens a connection and sends the head and half of the body of a new post.
async fn half_a_post(client: &Client, address: SocketAddr) -> TcpStream {
    send_half(client, address, ("/api/v1/posts", "application/json")).await
}

/// Does the same for an import, which is worked on while its body arrives.
async fn half_an_import(client: &Client, address: SocketAddr) -> TcpStream {
    send_half(
        client,
        address,
        ("/api/v1/posts/import", "application/x-ndjson"),
    )
    .await
}

async fn send_half(client: &Client, address: SocketAddr, (path, kind): (&str, &str)) -> TcpStream {
    let head = format!(
        "POST {path} HTTP/1.1\r\nHost: {address}\r\nAuthorization: Bearer {}\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
        client.token(),
        BODY.len()
    );
    let mut stream = TcpStream::connect(address).await.unwrap();
    let half = head + &BODY[..BODY.len() / 2];
    stream.write_all(half.as_bytes()).await.unwrap();
    stream
}

async fn send_the_rest(stream: &mut TcpStream) {
    let rest = &BODY[BODY.len() / 2..];
    stream.write_all(rest.as_bytes()).await.unwrap();
}

/// Reads until the answer contains `end`, or the connection ends.
async fn answer(stream: &mut TcpStream, end: &str) -> String {
    let mut said = Vec::new();
    let mut buffer = [0; 4096];
    loop {
        let text = String::from_utf8_lossy(&said).into_owned();
        let count = if text.contains(end) {
            0
        } else {
            let reading = stream.read(&mut buffer);
            within_limit("an answer arrives", reading)
                .await
                .unwrap_or(0)
        };
        if count == 0 {
            return text;
        }
        said.extend_from_slice(&buffer[..count]);
    }
}

async fn is_full(app: &TestApp) -> bool {
    let asked = app.anonymous().request(Method::GET, "/posts").send().await;
    asked.unwrap().status() == 503
}

#[actix_web::test]
async fn a_request_above_the_limit_is_refused_at_once() {
    let app = TestApp::with(|with| with.server.max_in_flight = 1).await;
    let ada = app.member("ada").await;

    let mut slow = half_an_import(&ada, app.address).await;
    eventually("the only place is taken", async || {
        is_full(&app).await.then_some(())
    })
    .await;
    let refused = ada.get("/posts").await;
    send_the_rest(&mut slow).await;
    let served = answer(&mut slow, "}").await;

    refused
        .expect_problem(503, "unavailable")
        .header("retry-after");
    assert!(served.starts_with("HTTP/1.1 200 "), "{served}");
    ada.get("/posts").await.expect_status(200);
}

#[actix_web::test]
async fn a_body_that_takes_too_long_is_refused() {
    let app = TestApp::with(|with| {
        let server = &mut with.server;
        server.body_timeout = Duration::from_millis(100);
    })
    .await;
    let ada = app.member("ada").await;

    let mut slow = half_a_post(&ada, app.address).await;
    let refused = answer(&mut slow, "}").await;

    assert!(refused.starts_with("HTTP/1.1 408 "), "{refused}");
    assert!(refused.contains("application/problem+json"), "{refused}");
    assert!(refused.contains("request_timeout"), "{refused}");
    assert!(ada.get("/posts").await.expect_status(200).ids().is_empty());
}

#[actix_web::test]
async fn a_head_that_takes_too_long_ends_the_connection() {
    let app = TestApp::with(|with| {
        let server = &mut with.server;
        server.head_timeout = Duration::from_millis(100);
    })
    .await;

    let mut slow = TcpStream::connect(app.address).await.unwrap();
    slow.write_all(b"GET /healthz HTTP/1.1\r\nHost:")
        .await
        .unwrap();
    let refused = answer(&mut slow, "no answer contains this").await;

    assert!(refused.starts_with("HTTP/1.1 408 "), "{refused:?}");
}

/// The place of the request becomes free, and half a body creates no post.
#[actix_web::test]
async fn a_client_that_disconnects_during_a_request_harms_no_other() {
    let app = TestApp::with(|with| with.server.max_in_flight = 1).await;
    let ada = app.member("ada").await;

    for (reset, is_import) in [(true, false), (false, false), (true, true), (false, true)] {
        if !is_import {
            let slow = half_a_post(&ada, app.address).await;
            eventually("the request waits for its body", async || {
                (app.load.waiting.available_permits() == 1023).then_some(())
            })
            .await;
            if reset {
                slow.set_zero_linger().unwrap();
            }
            drop(slow);
            eventually("the request no longer waits", async || {
                (app.load.waiting.available_permits() == 1024).then_some(())
            })
            .await;
            continue;
        }
        let slow = half_an_import(&ada, app.address).await;
        eventually("the only place is taken", async || {
            is_full(&app).await.then_some(())
        })
        .await;
        if reset {
            slow.set_zero_linger().unwrap();
        }
        drop(slow);
        eventually("the place is free", async || {
            (!is_full(&app).await).then_some(())
        })
        .await;
    }

    assert!(ada.get("/posts").await.expect_status(200).ids().is_empty());
}
