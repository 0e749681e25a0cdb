//! Nodes count requests together in Redis, and each by itself while Redis is unreachable.
use secrecy::SecretString;
use tests::{Client, TestApp, process::eventually, redis::Redis};

/// Two nodes of one database that count together, with so many requests for nobody in particular.
async fn nodes(redis: &Redis, anonymous: u32) -> (TestApp, TestApp) {
    let knobs = |knobs: &mut tests::Knobs| {
        knobs.redis.url = Some(SecretString::from(redis.url.clone()));
        knobs.rate_limit.anonymous = anonymous;
        knobs.rate_limit.per = std::time::Duration::from_hours(24);
    };
    (TestApp::with(knobs).await, TestApp::with(knobs).await)
}

/// How many more `client` may send, once it was let in.
async fn left(client: &Client) -> Option<u32> {
    let reply = client.get("/posts").await;
    let said = reply.header("ratelimit").to_owned();
    let left = said.split(';').nth(1).unwrap().strip_prefix("r=");
    (reply.status == 200).then(|| left.unwrap().parse().unwrap())
}

/// Both nodes have found Redis: what one takes the other misses.
async fn together(one: &Client, other: &Client) {
    eventually("two nodes count together", async || {
        let (first, second) = (left(one).await?, left(other).await?);
        (second + 1 == first && left(one).await? + 1 == second).then_some(())
    })
    .await;
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn nodes_count_together() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = nodes(&redis, 1_000).await;
    let (one, other) = (one.anonymous(), other.anonymous());
    together(&one, &other).await;

    let mut sent = 0;
    while let Some(left) = left(&one).await {
        sent += 1;
        assert!(sent <= 1_000, "nothing ends: {left} are left");
    }

    let refused = other
        .get("/posts")
        .await
        .expect_problem(429, "rate_limited");
    let wait: u32 = refused.header("retry-after").parse().unwrap();
    assert!((1..=87).contains(&wait), "{wait}");
    let policy = refused.header("ratelimit-policy");
    assert_eq!(policy, r#""anonymous";q=1000;w=86400"#);
    assert_eq!(
        refused.header("ratelimit"),
        format!(r#""anonymous";r=0;t={wait}"#)
    );
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn while_redis_is_away_each_node_counts_alone_and_then_they_count_together_again() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let (one, other) = nodes(&redis, 3_000).await;
    let (one, other) = (one.anonymous(), other.anonymous());
    together(&one, &other).await;

    for freezes in [true, false] {
        if freezes {
            redis.freeze();
        } else {
            redis.stop();
        }
        // Alone, each of them knows only what it let in itself while it was alone.
        let alone = eventually("it counts alone", async || {
            let (first, second) = (left(&one).await?, left(&one).await?);
            let _ = left(&other).await?;
            (second + 1 == first && left(&one).await? + 1 == second).then_some(second)
        })
        .await;
        assert!(alone < 3_000, "there is a limit");
        if freezes {
            redis.thaw();
        } else {
            redis.launch();
        }
        together(&one, &other).await;
    }
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn nobody_is_without_a_limit_while_redis_is_away() {
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
