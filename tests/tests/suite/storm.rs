//! Clients that disconnect during a request must not undo writes that were acknowledged to others.
mod on_file;
mod on_postgres;

use std::cell::{Cell, RefCell};

use futures_util::future::join_all;
use service::identity::Identity;
use tests::{
    Backend, Client, PASSWORD, Sql, TestApp, detour, json,
    process::{eventually, within_limit},
    scaled,
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// The clients that reset their connections, the resets of each, and the clients that write meanwhile.
const RUDE: usize = 6;
const RESETS: usize = 24;
const WRITERS: usize = 2;

/// A reset comes after fewer statements of all requests than this: more than one request takes.
const STATEMENTS: usize = 24;

/// Publishes posts during many resets. Returns the number of acknowledged posts, and those of them that are lost.
async fn publish_during_resets(backend: Backend) -> (usize, Vec<String>) {
    let (url, _folder) = backend.fresh().await;
    let way = if backend.is_postgres() {
        detour(&url).await
    } else {
        url.clone()
    };
    let app = TestApp::at(&way, backend, |_| {}).await;
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
            reset_during_a_post(&app, &ada, number * 7 % STATEMENTS).await;
            // An abandoned request is worked on to its end, so the next one waits until the server has time.
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

    let kept = Sql::open(&url).await.texts("SELECT title FROM posts").await;
    let acknowledged = acknowledged.into_inner();
    let lost = acknowledged
        .iter()
        .filter(|title| !kept.contains(title))
        .cloned()
        .collect();
    (acknowledged.len(), lost)
}

/// Sends a whole request, and resets the connection after this many more statements of the server, or when the answer comes.
async fn reset_during_a_post(app: &TestApp, client: &Client, statements: usize) {
    let request = request(app, client, "/posts", r#"{"title":"Rude","content":"…"}"#);
    let mut stream = TcpStream::connect(app.address).await.unwrap();
    let moment = app.statements.count() + statements;
    stream.write_all(request.as_bytes()).await.unwrap();
    let waits = async {
        tokio::select! {
            () = app.statements.reach(moment) => {}
            _answer = stream.readable() => {}
        }
    };
    within_limit("statements or an answer", waits).await;
    stream.set_zero_linger().unwrap();
}

fn request(app: &TestApp, client: &Client, path: &str, body: &str) -> String {
    let token = match client.token() {
        "" => String::new(),
        token => format!("Authorization: Bearer {token}\r\n"),
    };
    format!(
        "POST /api/v1{path} HTTP/1.1\r\nHost: {}\r\n{token}Content-Type: application/json\r\nContent-Length: {}\r\n\r\n{body}",
        app.address,
        body.len()
    )
}

/// The password waits for its turn to be hashed when the client disconnects.
#[actix_web::test]
async fn a_request_whose_client_has_gone_is_worked_on_to_its_end() {
    let app = TestApp::with(|with| with.server.max_in_flight = 1).await;
    let anyone = app.anonymous();
    let others =
        join_all((0..25).map(|_| app.kernel.state::<Identity>().hasher.hash(PASSWORD.into())));
    let user = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    let request = request(&app, &anyone, "/auth/register", &user.to_string());
    let is_full = async || anyone.get("/posts").await.status == 503;

    let goes_away = async {
        let mut stream = TcpStream::connect(app.address).await.unwrap();
        stream.write_all(request.as_bytes()).await.unwrap();
        eventually("the request is worked on", async || {
            is_full().await.then_some(())
        })
        .await;
        stream.set_zero_linger().unwrap();
        drop(stream);
        eventually("the request is done", async || {
            (!is_full().await).then_some(())
        })
        .await;
    };
    tokio::join!(others, goes_away);

    anyone.login("ada", PASSWORD).await;
}
