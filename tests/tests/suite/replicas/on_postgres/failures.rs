//! A replica that dies, hangs or is promoted: no request fails because of it.
use std::{cell::Cell, time::Duration};

use futures_util::future::join_all;
use kernel::database::Condition;
use tests::{TestApp, json, process::eventually};

use super::super::{Cluster, becomes, is_unused, is_used, states, title};

/// The readers, and the rounds of each before and after the failure.
const READERS: usize = 8;
const ROUNDS: usize = 30;

/// Reads all the time, and lets the replica fail in the middle.
async fn reads_while(app: &TestApp, url: &str, fail: impl AsyncFnOnce()) {
    let (count, has_failed) = (Cell::new(0), Cell::new(false));
    let read = async |number: usize| {
        let anyone = app.anonymous();
        let mut after = 0;
        while after < ROUNDS {
            let path = if number.is_multiple_of(2) {
                url
            } else {
                "/posts?include=author"
            };
            anyone.get(path).await.expect_status(200);
            count.set(count.get() + 1);
            after += usize::from(has_failed.get());
        }
    };
    let fail = async {
        eventually("the readers have begun", async || {
            (count.get() >= READERS * ROUNDS).then_some(())
        })
        .await;
        fail().await;
        has_failed.set(true);
    };
    futures_util::join!(join_all((0..READERS).map(read)), fail);
    assert!(count.get() >= 2 * READERS * ROUNDS);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn no_request_fails_when_a_replica_dies() {
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster.node(false, |_| {}).await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    becomes(&app.anonymous(), post.url(), "Hello").await;
    let replica = &mut cluster.replica;

    reads_while(&app, post.url(), async || replica.kill()).await;

    is_unused(&app).await;
    assert_eq!(states(&app).await[0].condition, Condition::Away);
    ada.patch(post.url(), json!({ "title": "Alone" }))
        .await
        .expect_status(200);
    assert_eq!(title(&app.anonymous(), post.url()).await, "Alone");
    replica.launch();
    is_used(&app).await;
    becomes(&app.anonymous(), post.url(), "Alone").await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn no_request_fails_when_a_replica_hangs() {
    let Some(mut cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster
        .node(false, |with| with.outage_timeout = Duration::from_secs(6))
        .await;
    let post = app.member("ada").await.publish("Hello").await;
    becomes(&app.anonymous(), post.url(), "Hello").await;
    let replica = &mut cluster.replica;

    reads_while(&app, post.url(), async || replica.freeze()).await;

    is_unused(&app).await;
    replica.thaw();
    is_used(&app).await;
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn no_request_fails_when_a_replica_is_promoted() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster.node(false, |_| {}).await;
    let ada = app.member("ada").await;
    let post = ada.publish("before").await;
    becomes(&app.anonymous(), post.url(), "before").await;

    let promote = async || cluster.at_replica.run("SELECT pg_promote()").await;
    reads_while(&app, post.url(), promote).await;

    eventually("the promotion is noticed", async || {
        (states(&app).await[0].condition == Condition::NoStandby).then_some(())
    })
    .await;
    ada.patch(post.url(), json!({ "title": "after" }))
        .await
        .expect_status(200);
    assert_eq!(title(&app.anonymous(), post.url()).await, "after");
}

/// A statement that fails on the replica only, here because it lacks what a migration has just added.
#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_read_that_fails_on_a_replica_runs_on_the_primary() {
    let Some(cluster) = Cluster::start().await else {
        return;
    };
    let app = cluster
        .node(false, |with| with.replica_max_lag = Duration::from_hours(1))
        .await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    becomes(&app.anonymous(), post.url(), "Hello").await;
    // The replica replays the loss of a column and not its return.
    let at_primary = tests::Sql::open(&cluster.primary.url).await;
    at_primary
        .run("ALTER TABLE posts RENAME COLUMN summary TO gone")
        .await;
    eventually("the column is gone on the replica", async || {
        let found = "SELECT count(*) FROM information_schema.columns WHERE table_name = 'posts' AND column_name = 'gone'";
        (cluster.at_replica.number(found).await == 1).then_some(())
    })
    .await;
    cluster.pause().await;
    at_primary
        .run("ALTER TABLE posts RENAME COLUMN gone TO summary")
        .await;

    for _ in 0..5 {
        assert_eq!(title(&app.anonymous(), post.url()).await, "Hello");
        app.anonymous()
            .get("/posts?include=author")
            .await
            .expect_status(200);
    }
}
