//! Connections die without a signal: every request is answered in time, and the pool recovers by itself.
use std::time::{Duration, Instant};

use futures_util::future::join_all;
use service::database::Settings;
use tests::{Backend, Client, Sql, Swallow, TestApp, json, process::eventually};

use super::{ask, is_ready};

/// Far more than an answer may take, as the machine may be busy.
const LATE: Duration = Duration::from_secs(15);

/// An outage is noticed after 300 ms, and a request ends after a second.
fn hasty(database: &mut Settings) {
    database.outage_timeout = Duration::from_millis(300);
    database.acquire_timeout = Duration::from_millis(400);
    database.read_timeout = Duration::from_secs(1);
    database.write_timeout = Duration::from_secs(1);
    database.test_after_idle = Duration::ZERO;
    database.max_connections = 12;
}

async fn app(database: fn(&mut Settings)) -> (TestApp, Swallow, Sql) {
    let (direct, _) = Backend::Postgres.fresh().await;
    let (swallow, url) = Swallow::start(&direct).await;
    let app = TestApp::at(&url, Backend::Postgres, |with| with.database = database);
    (app.await, swallow, Sql::open(&direct).await)
}

async fn works_again(app: &TestApp, client: &Client) {
    eventually("it is ready, and every request is served", async || {
        let replies = ask(client).await;
        let are_served = replies.iter().all(|reply| reply.status < 300);
        (are_served && is_ready(app).await).then_some(())
    })
    .await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn open_connections_that_die_silently_cost_one_answer_each_at_most() {
    // Not tested at their checkout: their statements are what hangs.
    let (app, swallow, _) = app(|database| {
        hasty(database);
        database.test_after_idle = Duration::from_mins(1);
    })
    .await;
    let ada = app.member("ada").await;
    ask(&ada).await;

    for _ in 0..3 {
        swallow.kill_open();
        let started = Instant::now();
        for reply in ask(&ada).await {
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
async fn a_database_that_swallows_everything_is_unavailable_until_it_is_back() {
    let (app, swallow, _) = app(hasty).await;
    let ada = app.member("ada").await;
    ask(&ada).await;

    swallow.kill_all();
    for _ in 0..3 {
        let started = Instant::now();
        for reply in ask(&ada).await {
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

/// A firewall forgets the idle ones only: the one that asks how the server is stays alive.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn idle_connections_that_die_silently_are_noticed_at_their_checkout() {
    let (app, swallow, sql) = app(|database| {
        hasty(database);
        database.acquire_timeout = Duration::from_secs(2);
        database.read_timeout = Duration::from_secs(10);
        database.write_timeout = Duration::from_secs(10);
    })
    .await;
    let ada = app.member("ada").await;
    // Many at once, so that many are open.
    join_all((0..3).map(|_| ask(&ada))).await;

    let watching = ports(&sql, "query LIKE '%transaction_read_only%'").await;
    assert!(swallow.kill(|port| !watching.contains(&port)) > 1);
    let started = Instant::now();
    for reply in ask(&ada).await {
        assert!(reply.status < 300, "{}", reply.text);
    }

    assert!(started.elapsed() < LATE, "{:?}", started.elapsed());
    assert!(is_ready(&app).await);
}

/// The server cannot say whether it commits, and the client learns that in time.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_commit_that_is_never_answered_is_unavailable_and_may_have_happened() {
    let (app, swallow, sql) = app(|database| {
        hasty(database);
        database.write_timeout = Duration::from_mins(1);
    })
    .await;
    let ada = app.member("ada").await;
    sql.run(
        "CREATE FUNCTION wait_a_second() RETURNS trigger LANGUAGE plpgsql AS \
         $$ BEGIN PERFORM pg_sleep(1); RETURN NULL; END $$",
    )
    .await;
    sql.run(
        "CREATE CONSTRAINT TRIGGER slow AFTER INSERT ON posts DEFERRABLE INITIALLY DEFERRED \
         FOR EACH ROW EXECUTE FUNCTION wait_a_second()",
    )
    .await;

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
    eventually("it is committed all the same", async || {
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
