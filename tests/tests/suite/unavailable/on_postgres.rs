//! A database server cuts connections, freezes or stops: requests are answered, and work continues when it is back.
mod deadlines;
mod silent;

use std::{cell::RefCell, time::Duration};

use futures_util::future::join_all;
use kernel::database::Settings;
use migration::MIGRATOR;
use tests::{
    Backend, Client, Reply, Sql, TestApp, json,
    postgres::{GIVEN, ThrowAway, connect, say},
    process::eventually,
};

/// The rounds in which every connection of the server is cut, and the clients that write meanwhile.
const CUTS: usize = 10;
const WRITERS: usize = 8;

/// Signs a member in, and starts a server with these settings at `url`, another way to the same database. The sign-in goes
/// through a server with long timeouts: a busy machine must not fail it.
async fn member_of(database: &str, url: &str, settings: fn(&mut Settings)) -> (TestApp, Client) {
    let patient = TestApp::at(database, Backend::Postgres, |_| {}).await;
    let member = patient.member("ada").await;
    let app = TestApp::at(url, Backend::Postgres, |with| with.database = settings).await;
    let member = Client::new(app.address, Some(member.token().to_owned()), member.id);
    (app, member)
}

/// Starts a server on a database server of its own, which the test may stop.
async fn on_own_server() -> Option<(TestApp, Client, ThrowAway)> {
    let Some(server) = ThrowAway::start(tests::folder()) else {
        say(&format!(
            "NOT RUN: this test freezes or stops its PostgreSQL server, and must not do so to the one that {GIVEN} names"
        ));
        return None;
    };
    drop(connect(&server.url).await);
    let settings = tests::settings(&server.url);
    let database = kernel::Database::connect(&settings, None).await.unwrap();
    database.migrations(MIGRATOR).up(None).await.unwrap();
    database.close().await.unwrap();
    let notices_soon = |database: &mut Settings| {
        database.outage_timeout = Duration::from_millis(1_500);
    };
    let (app, ada) = member_of(&server.url, &server.url, notices_soon).await;
    Some((app, ada, server))
}

async fn is_ready(app: &TestApp) -> bool {
    app.anonymous().get("//readyz").await.status == 200
}

/// Sends eight reads and eight writes at once.
async fn send_requests(client: &Client) -> Vec<Reply> {
    let post = || json!({ "title": "Hello", "content": "…" });
    let (reads, writes) = tokio::join!(
        join_all((0..8).map(|_| client.get("/auth/me"))),
        join_all((0..8).map(|_| client.post("/posts", post())))
    );
    reads.into_iter().chain(writes).collect()
}

/// Makes the database unavailable and available again, and checks the answers meanwhile.
async fn refuses_until_the_database_is_back(
    app: &TestApp,
    client: &Client,
    stop: impl AsyncFnOnce(),
    resume: impl AsyncFnOnce(),
) {
    stop().await;
    for reply in send_requests(client).await {
        reply
            .expect_problem(503, "unavailable")
            .header("retry-after");
    }
    let unready = app.anonymous().get("//readyz").await;
    let unready = unready.expect_problem(503, "unavailable");
    assert_eq!(unready.body["checks"]["database"], false);
    app.anonymous().get("//healthz").await.expect_status(200);

    resume().await;
    eventually("the server is ready again", async || {
        is_ready(app).await.then_some(())
    })
    .await;
    eventually("requests are served again", async || {
        let replies = send_requests(client).await;
        replies
            .iter()
            .all(|reply| [200, 201].contains(&reply.status))
            .then_some(())
    })
    .await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn requests_to_a_frozen_database_are_refused_and_do_not_hang() {
    let Some((app, ada, server)) = on_own_server().await else {
        return;
    };
    let server = RefCell::new(server);

    let (stop, resume) = (
        async || server.borrow_mut().freeze(),
        async || server.borrow_mut().thaw(),
    );
    refuses_until_the_database_is_back(&app, &ada, stop, resume).await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_stopped_database_is_unavailable_until_it_is_back() {
    let Some((app, ada, server)) = on_own_server().await else {
        return;
    };
    let server = RefCell::new(server);

    let (stop, resume) = (
        async || server.borrow_mut().stop(),
        async || server.borrow_mut().launch(),
    );
    refuses_until_the_database_is_back(&app, &ada, stop, resume).await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn cut_connections_lose_no_acknowledged_write() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let sql = Sql::open(&app.url).await;
    let acknowledged = RefCell::new(Vec::new());
    let is_over = std::cell::Cell::new(false);

    let writer = async |writer: usize| {
        let mut number = 0;
        while !is_over.get() {
            let title = format!("{writer} {number}");
            number += 1;
            let reply = ada
                .post("/posts", json!({ "title": title, "content": "…" }))
                .await;
            match reply.status {
                201 => acknowledged.borrow_mut().push(title),
                _ => drop(reply.expect_problem(503, "unavailable")),
            }
        }
    };
    let cut = async {
        for round in 1..=CUTS {
            let others = "SELECT count(pg_terminate_backend(pid)) FROM pg_stat_activity WHERE datname = current_database() AND pid <> pg_backend_pid()";
            sql.number(others).await;
            eventually("writes go on", async || {
                (acknowledged.borrow().len() >= round * 10).then_some(())
            })
            .await;
        }
        is_over.set(true);
    };
    tokio::join!(cut, join_all((0..WRITERS).map(writer)));

    eventually("a write succeeds after the cuts", async || {
        let after = json!({ "title": "After", "content": "…" });
        (ada.post("/posts", after).await.status == 201).then_some(())
    })
    .await;
    let kept = sql.texts("SELECT title FROM posts").await;
    let acknowledged = acknowledged.into_inner();
    let lost: Vec<_> = acknowledged
        .iter()
        .filter(|title| !kept.contains(title))
        .collect();
    assert!(
        lost.is_empty(),
        "{} of {} acknowledged writes are lost",
        lost.len(),
        acknowledged.len()
    );
}
