//! Connections die without a signal: every request is answered in time, and the pool recovers by itself.
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use kernel::database::Settings;
use tests::{Backend, Client, Sql, Swallow, TestApp, json, process::eventually};

use super::{is_ready, member_of, send_requests};

/// The limit of an answer: more than ten times the timeouts that end it.
const LATE: Duration = Duration::from_secs(15);

/// The server notices an outage after 300 ms.
fn notices_at_once(database: &mut Settings) {
    database.outage_timeout = Duration::from_millis(300);
    database.acquire_timeout = Duration::from_secs(2);
    database.test_after_idle = Duration::ZERO;
    database.max_connections = 12;
}

/// Starts a server that reaches its database through a proxy, and signs a member in.
async fn app(database: fn(&mut Settings)) -> (TestApp, Client, Swallow, Sql) {
    let (direct, place) = Backend::Postgres.fresh().await;
    let (swallow, url) = Swallow::start(&direct).await;
    let (mut app, ada) = member_of(&direct, &url, database).await;
    app.place = place;
    (app, ada, swallow, Sql::open(&direct).await)
}

async fn works_again(app: &TestApp, client: &Client) {
    eventually(
        "the server is ready, and every request is served",
        async || {
            let replies = send_requests(client).await;
            let are_served = replies.iter().all(|reply| reply.status < 300);
            (are_served && is_ready(app).await).then_some(())
        },
    )
    .await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn open_connections_that_die_silently_cost_one_answer_each_at_most() {
    // The connections are not tested at their checkout: their statements hang.
    let (app, ada, swallow, _) = app(|database| {
        notices_at_once(database);
        database.read_timeout = Duration::from_secs(1);
        database.write_timeout = Duration::from_secs(1);
        database.test_after_idle = Duration::from_mins(1);
    })
    .await;
    send_requests(&ada).await;

    for _ in 0..3 {
        swallow.kill_open();
        let started = Instant::now();
        for reply in send_requests(&ada).await {
            if reply.status >= 300 {
                assert_eq!(reply.status, 503, "{}", reply.text);
            }
        }
        assert!(started.elapsed() < LATE, "{:?}", started.elapsed());
        works_again(&app, &ada).await;
    }
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_database_that_never_answers_is_unavailable_until_it_is_back() {
    let (app, ada, swallow, _) = app(notices_at_once).await;
    send_requests(&ada).await;

    swallow.kill_all();
    for _ in 0..3 {
        let started = Instant::now();
        for reply in send_requests(&ada).await {
            reply
                .expect_problem(503, "unavailable")
                .header("retry-after");
        }
        let unready = app.anonymous().get("//readyz").await;
        assert_eq!(unready.status, 503);
        assert!(started.elapsed() < LATE, "{:?}", started.elapsed());
    }
    swallow.let_new_through();

    works_again(&app, &ada).await;
}

/// A firewall forgets only idle connections: the one that asks for the state of the server stays alive.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn idle_connections_that_die_silently_are_noticed_at_their_checkout() {
    let (app, ada, swallow, sql) = app(|database| {
        notices_at_once(database);
        // A busy machine must look neither like an outage nor like a dead connection, which is noticed after half of this.
        database.outage_timeout = Duration::from_secs(30);
        database.acquire_timeout = Duration::from_secs(8);
    })
    .await;
    // Many requests at once open many connections.
    join_all((0..3).map(|_| send_requests(&ada))).await;

    let watching = ports(&sql, "query LIKE '%transaction_read_only%'").await;
    assert!(swallow.kill(|port| !watching.contains(&port)) > 1);
    for reply in send_requests(&ada).await {
        assert!(reply.status < 300, "{}", reply.text);
    }

    eventually("the server is ready", async || {
        is_ready(&app).await.then_some(())
    })
    .await;
}

/// The server does not know whether the commit succeeds, and the client learns that in time.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_commit_that_is_never_answered_is_unavailable_and_may_have_happened() {
    let (app, ada, swallow, sql) = app(|database| {
        notices_at_once(database);
        // The commit begins before a busy machine looks like an outage.
        database.outage_timeout = Duration::from_secs(3);
        // The commit waits for a lock that the test holds.
        database.lock_timeout = Duration::ZERO;
    })
    .await;
    sql.run(
        "CREATE FUNCTION wait_for_the_test() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_advisory_xact_lock(1); RETURN NULL; END $$",
    )
    .await;
    sql.run(
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON posts DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION wait_for_the_test()",
    )
    .await;
    sql.run("SELECT pg_advisory_lock(1)").await;

    let cut = async {
        eventually("the post is being committed", async || {
            let committing = "SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() \
                              AND query = 'COMMIT' AND state = 'active'";
            (sql.number(committing).await == 1).then_some(())
        })
        .await;
        swallow.kill_open();
    };
    let post = ada.post("/posts", json!({ "title": "Hello", "content": "…" }));
    let (reply, ()) = tokio::join!(post, cut);

    reply
        .expect_problem(503, "unavailable")
        .header("retry-after");
    sql.run("SELECT pg_advisory_unlock(1)").await;
    eventually("the post is committed all the same", async || {
        let posts = sql.number("SELECT count(*) FROM posts").await;
        (posts == 1).then_some(())
    })
    .await;
    works_again(&app, &ada).await;
}

async fn ports(sql: &Sql, condition: &str) -> Vec<u16> {
    let ports = format!(
        "SELECT client_port::text FROM pg_stat_activity WHERE datname = current_database() AND {condition} AND pid <> pg_backend_pid()"
    );
    let ports = sql.texts(&ports).await;
    ports.iter().map(|port| port.parse().unwrap()).collect()
}
