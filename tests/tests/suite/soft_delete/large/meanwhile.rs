//! Other requests while a large deletion runs.
use std::time::Duration;

use kernel::{Actor, CrudOperations};
use reqwest::Method;
use service::Posts;
use tests::{
    Client, Reply, Sql, TestApp, json,
    process::{eventually, within_limit},
};
use tokio::sync::Notify;

async fn delete_with_key(client: &Client, url: &str) -> Reply {
    let request = client.request(Method::DELETE, url);
    Reply::send(request.header("Idempotency-Key", "once")).await
}

/// Waits until a statement of another connection waits for a lock.
async fn statement_waits(sql: &Sql) {
    eventually("a statement waits for a lock", async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock'";
        (sql.number(waiting).await > 0).then_some(())
    })
    .await;
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn reads_are_served_and_writes_refused_for_now_on_file() {
    let app = TestApp::with(|with| {
        with.database = |settings| settings.acquire_timeout = Duration::from_secs(2);
    })
    .await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let (begun, end) = (Notify::new(), Notify::new());
    let system = app.kernel.session(Actor::System);

    let deletion = system.write(async |tx| {
        Posts::delete(tx, post.id()).await?;
        begun.notify_one();
        end.notified().await;
        Ok(())
    });
    let others = async {
        within_limit("the deletion begins", begun.notified()).await;
        ada.get(post.url()).await.expect_status(200);
        let refused = ada
            .post("/posts", json!({ "title": "Other", "content": "…" }))
            .await
            .expect_problem(503, "unavailable");
        assert!(refused.header("retry-after").parse::<u32>().unwrap() > 0);
        end.notify_one();
    };
    let (done, ()) = tokio::join!(deletion, others);

    done.unwrap();
    ada.get(post.url()).await.expect_problem(404, "not_found");
    ada.publish("Other").await;
}

/// One locked comment stands for many: the deletion takes as long as the lock is held.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn other_writes_are_served_and_a_retry_learns_the_outcome_on_postgres() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let comment = ada.comment(post.id(), "…").await;
    let other = Sql::open(&app.url).await;
    other.run("BEGIN").await;
    let lock = format!(
        "SELECT id FROM comments WHERE id = {} FOR UPDATE",
        comment.id()
    );
    other.run(&lock).await;

    let deletion = delete_with_key(&ada, post.url());
    let meanwhile = async {
        statement_waits(&Sql::open(&app.url).await).await;
        ada.publish("Other").await;
        let running = delete_with_key(&ada, post.url())
            .await
            .expect_problem(409, "conflict");
        assert!(running.header("retry-after").parse::<u32>().unwrap() > 0);
        other.run("COMMIT").await;
    };
    let (first, ()) = tokio::join!(deletion, meanwhile);

    first.expect_status(204);
    let again = delete_with_key(&ada, post.url()).await.expect_status(204);
    assert_eq!(again.header("idempotency-replayed"), "true");
}

/// Waits until this many statements of other connections have waited for a lock longer than ordinary writes may take.
async fn statements_wait_long(sql: &Sql, count: i64) {
    eventually("statements wait longer than writes may take", async || {
        let waiting = "SELECT count(*) FROM pg_stat_activity \
            WHERE datname = current_database() AND wait_event_type = 'Lock' \
            AND now() - query_start > interval '1500 milliseconds'";
        (sql.number(waiting).await >= count).then_some(())
    })
    .await;
}

/// Locked rows stand for many rows: each request takes longer than a write may.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn cascades_restores_and_purges_have_the_long_limit_on_postgres() {
    let patient = TestApp::new().await;
    let (root, ada) = (patient.superuser("root").await, patient.member("ada").await);
    let mut posts = Vec::new();
    for (client, title) in [
        (&root, "0"),
        (&root, "1"),
        (&root, "2"),
        (&root, "3"),
        (&ada, "4"),
    ] {
        let post = client.publish(title).await;
        root.comment(post.id(), "…").await;
        posts.push(post);
    }
    for post in &posts[2..4] {
        root.delete(post.url()).await.expect_status(204);
    }
    let app = TestApp::at(&patient.url, patient.backend, |with| {
        with.database = |settings| {
            settings.write_timeout = Duration::from_secs(1);
            settings.max_connections = 8;
        };
    })
    .await;
    let of_app =
        |client: Client| Client::new(app.address, Some(client.token().to_owned()), client.id);
    let (root, ada) = (of_app(root), of_app(ada));
    let other = Sql::open(&app.url).await;
    other.run("BEGIN").await;
    other.run("SELECT id FROM comments FOR UPDATE").await;

    let bulk = json!({ "operations": [{ "op": "delete", "id": posts[1].id() }] });
    let long = async {
        tokio::join!(
            root.delete(posts[0].url()),
            root.post("/posts/bulk", bulk),
            root.act(format!("{}/restore", posts[2].url())),
            root.act(format!("{}/purge", posts[3].url())),
            ada.delete("/auth/me"),
        )
    };
    let meanwhile = async {
        statements_wait_long(&Sql::open(&app.url).await, 5).await;
        other.run("COMMIT").await;
    };
    let (done, ()) = tokio::join!(long, meanwhile);

    done.0.expect_status(204);
    done.1.expect_status(200);
    done.2.expect_status(200);
    done.3.expect_status(204);
    done.4.expect_status(204);
}
