//! Nodes count requests together in Redis, and each by itself while Redis is unreachable.
use std::cell::Cell;

use secrecy::SecretString;
use tests::{Client, TestApp, process::eventually, redis::Redis};

/// Starts two nodes that count together, with this limit for anonymous callers.
async fn nodes(redis: &Redis, anonymous: u32) -> (TestApp, TestApp) {
    let knobs = |knobs: &mut tests::Knobs| {
        knobs.redis.url = Some(SecretString::from(redis.url.clone()));
        knobs.rate_limit.anonymous = anonymous;
        knobs.rate_limit.per = std::time::Duration::from_hours(24);
    };
    (TestApp::with(knobs).await, TestApp::with(knobs).await)
}

/// Sends a request and returns the number of requests that are left, or `None` if it was refused.
async fn requests_left(client: &Client) -> Option<u32> {
    let reply = client.get("/posts").await;
    let said = reply.header("ratelimit").to_owned();
    let left = said.split(';').nth(1).unwrap().strip_prefix("r=");
    (reply.status == 200).then(|| left.unwrap().parse().unwrap())
}

/// Waits until both nodes use Redis: a request to one lowers the number that the other has left.
async fn wait_until_counted_together(one: &Client, other: &Client) {
    eventually("two nodes count together", async || {
        let (first, second) = (requests_left(one).await?, requests_left(other).await?);
        (second + 1 == first && requests_left(one).await? + 1 == second).then_some(())
    })
    .await;
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn nodes_count_together() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = nodes(&redis, 200).await;
    let (one, other) = (one.anonymous(), other.anonymous());
    wait_until_counted_together(&one, &other).await;

    eventually("the limit is reached", async || {
        requests_left(&one).await.is_none().then_some(())
    })
    .await;

    // A slow answer of Redis lets a node count alone for a moment. Without Redis the other node would have all 200 left.
    let allowed = Cell::new(0);
    let refused = eventually("the other node refuses", async || {
        let reply = other.get("/posts").await;
        allowed.set(allowed.get() + 1);
        (reply.status == 429).then_some(reply)
    })
    .await;
    assert!(allowed.get() < 150, "{}", allowed.get());
    let refused = refused.expect_problem(429, "rate_limited");
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=433).contains(&wait), "{wait}");
    let policy = refused.header("ratelimit-policy");
    assert_eq!(policy, r#""anonymous";q=200;w=86400"#);
    assert_eq!(
        refused.header("ratelimit"),
        format!(r#""anonymous";r=0;t={wait}"#)
    );
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn nodes_count_alone_while_redis_is_away_and_together_afterwards() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let (one, other) = nodes(&redis, 3_000).await;
    let (one, other) = (one.anonymous(), other.anonymous());
    wait_until_counted_together(&one, &other).await;

    for freezes in [true, false] {
        if freezes {
            redis.freeze();
        } else {
            redis.stop();
        }
        // Alone, a node counts only the requests that it allowed meanwhile.
        let alone = eventually("it counts alone", async || {
            let (first, second) = (requests_left(&one).await?, requests_left(&one).await?);
            let _ = requests_left(&other).await?;
            (second + 1 == first && requests_left(&one).await? + 1 == second).then_some(second)
        })
        .await;
        assert!(alone < 3_000, "there is a limit");
        if freezes {
            redis.thaw();
        } else {
            redis.launch();
        }
        wait_until_counted_together(&one, &other).await;
    }
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn callers_are_limited_while_redis_is_away() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    redis.stop();
    let (one, _) = nodes(&redis, 2).await;
    let nobody = one.anonymous();

    for _ in 0..2 {
        nobody.get("/posts").await.expect_status(200);
    }

    nobody
        .get("/posts")
        .await
        .expect_problem(429, "rate_limited");
}
