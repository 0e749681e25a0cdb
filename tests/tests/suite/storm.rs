//! Clients that vanish in the middle of a request must not take along what others were told is written.
mod on_file;
mod on_postgres;

use std::{
    cell::{Cell, RefCell},
    time::Duration,
};

use futures_util::future::join_all;
use tests::{Backend, Client, Sql, TestApp, json, process::eventually, scaled};
use tokio::{io::AsyncWriteExt, net::TcpStream, time::sleep};

/// Clients that reset their connections, how often each does, and clients that write all the while.
const RUDE: usize = 8;
const RESETS: usize = 75;
const WRITERS: usize = 8;

/// Publishes posts through a storm of resets; how many were acknowledged, and which of them are lost.
async fn weather(backend: Backend) -> (usize, Vec<String>) {
    let app = TestApp::with(backend, |server| server.max_in_flight = 64).await;
    let ada = app.member("ada").await;
    let acknowledged = RefCell::new(Vec::new());
    let over = Cell::new(0);

    let write = async |title: String| {
        let post = json!({ "title": title, "content": "…" });
        let reply = ada.post("/posts", post).await;
        if reply.status == 201 {
            acknowledged.borrow_mut().push(title);
            return true;
        }
        reply.expect_problem(503, "unavailable");
        false
    };
    let writer = async |writer: usize| {
        for number in 0.. {
            if over.get() == RUDE {
                break;
            }
            write(format!("{writer} {number}")).await;
        }
    };
    let rude = async |client: usize| {
        for number in 0..scaled(RESETS) {
            reset_during_a_post(&app, &ada, number * RUDE + client).await;
            // The next one comes when the server has time for it: what is abandoned is worked on to its end.
            let title = || format!("rude {client} {number}");
            eventually("the server has time", async || {
                write(title()).await.then_some(())
            })
            .await;
        }
        over.set(over.get() + 1);
    };
    let writers = join_all((0..WRITERS).map(writer));
    tokio::join!(writers, join_all((0..RUDE).map(rude)));

    let url = app.url.clone();
    let kept = Sql::open(&url).await.texts("SELECT title FROM posts").await;
    let acknowledged = acknowledged.into_inner();
    let lost = acknowledged
        .iter()
        .filter(|title| !kept.contains(title))
        .cloned()
        .collect();
    (acknowledged.len(), lost)
}

/// Sends a whole request, waits for a part of the time that it takes, and resets the connection.
async fn reset_during_a_post(app: &TestApp, client: &Client, dice: usize) {
    let body = r#"{"title":"Rude","content":"…"}"#;
    let request = format!(
        "POST /api/v1/posts HTTP/1.1\r\nHost: {}\r\nAuthorization: Bearer {}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        app.address,
        client.token(),
        body.len()
    );
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    stream.write_all(request.as_bytes()).await.unwrap();
    // A moment of the work, another each time; the answer may come first.
    sleep(Duration::from_micros(dice as u64 * 137 % 6_000)).await;
    stream.set_zero_linger().unwrap();
    drop(stream);
}
