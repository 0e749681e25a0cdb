//! Locks and full pools: a request has one deadline, and essential requests are still answered.
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use kernel::database::Settings;
use tests::{Backend, Client, Sql, TestApp, json, process::eventually};

use super::{is_ready, member_of};

/// The limit of two answers: fifteen times their deadlines.
const LATE: Duration = Duration::from_secs(15);

async fn app(database: fn(&mut Settings)) -> (TestApp, Client, Sql) {
    let (url, place) = Backend::Postgres.fresh().await;
    let (mut app, ada) = member_of(&url, &url, database).await;
    app.place = place;
    (app, ada, Sql::open(&url).await)
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_read_that_waits_for_a_lock_beyond_its_deadline_is_a_query_timeout() {
    let (app, ada, sql) = app(|database| database.read_timeout = Duration::from_millis(500)).await;

    sql.run("BEGIN; LOCK TABLE posts, user_roles IN ACCESS EXCLUSIVE MODE")
        .await;
    let started = Instant::now();
    for path in ["/posts", "/auth/me"] {
        let reply = ada.get(path).await.expect_problem(503, "query_timeout");
        assert!(!reply.headers.contains_key("retry-after"), "{path}");
    }

    assert!(started.elapsed() < LATE, "{:?}", started.elapsed());
    eventually(
        "the server is ready: a slow request is no outage",
        async || is_ready(&app).await.then_some(()),
    )
    .await;
    sql.run("ROLLBACK").await;
    for path in ["/posts", "/auth/me"] {
        eventually("reads are served again", async || {
            (ada.get(path).await.status == 200).then_some(())
        })
        .await;
    }
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn the_own_account_and_readiness_are_answered_while_every_other_connection_waits() {
    let (app, ada, sql) = app(|database| {
        database.max_connections = 2;
        database.reserved_connections = 1;
        database.lock_timeout = Duration::ZERO;
    })
    .await;
    let anyone = app.anonymous();

    sql.run("BEGIN; LOCK TABLE posts IN ACCESS EXCLUSIVE MODE")
        .await;
    let reads = join_all((0..4).map(|_| anyone.get("/posts")));
    let others = async {
        eventually("a read waits for the lock", async || {
            let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
            (sql.number(waiting).await > 0).then_some(())
        })
        .await;
        ada.get("/auth/me").await.expect_status(200);
        anyone.login("ada", tests::PASSWORD).await;
        assert!(is_ready(&app).await);
        sql.run("ROLLBACK").await;
    };
    let (reads, ()) = tokio::join!(reads, others);

    for read in reads {
        read.expect_status(200);
    }
}

/// The pool has two connections, and waiting requests would hold both.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn requests_that_wait_for_a_unique_value_leave_their_connections_to_others() {
    let (_app, ada, sql) = app(|database| {
        database.max_connections = 2;
        database.reserved_connections = 0;
        database.lock_timeout = Duration::from_millis(50);
    })
    .await;
    let post = |slug: &str| json!({ "title": "Hello", "content": "…", "slug": slug });
    ada.post("/posts", post("theirs")).await.expect_status(201);

    sql.run("BEGIN; UPDATE posts SET slug = 'wanted'").await;
    let waiting = join_all((0..4).map(|_| ada.post("/posts", post("wanted"))));
    let honest = async {
        eventually("a request waits for the value", async || {
            let waiting = "SELECT count(*) FROM pg_locks WHERE NOT granted";
            (sql.number(waiting).await > 0).then_some(())
        })
        .await;
        for number in 0..5 {
            let slug = format!("honest-{number}");
            ada.post("/posts", post(&slug)).await.expect_status(201);
        }
        sql.run("ROLLBACK").await;
    };
    let (waiting, ()) = tokio::join!(waiting, honest);

    let made = waiting.iter().filter(|reply| reply.status == 201).count();
    let taken = waiting.iter().filter(|reply| reply.status == 409).count();
    assert_eq!((made, taken), (1, 3), "{waiting:?}");
}
