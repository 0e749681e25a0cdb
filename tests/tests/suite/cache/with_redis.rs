//! Values that two nodes share in Redis.
use std::time::{Duration, Instant};

use kernel::{Cache, Error, cache::Settings};
use secrecy::SecretString;
use tests::{process::eventually, redis::Redis};

const LONG: Duration = Duration::from_hours(1);
/// A value is used for a second without Redis. A busy machine may take longer to ask.
const BOUND: Duration = Duration::from_secs(10);

fn node(url: &str) -> Cache {
    let url = SecretString::from(url);
    Cache::start(&Settings::default(), Some(&url)).unwrap()
}

async fn get(cache: &Cache) -> Option<i64> {
    cache.get("name").await
}

async fn load(cache: &Cache, value: i64) -> i64 {
    let load = async || Ok::<_, Error>(value);
    cache.get_or_set("name", LONG, load).await.unwrap()
}

/// Waits until the node uses Redis.
async fn is_connected(cache: &Cache) {
    eventually("the node uses Redis", async || {
        cache.set("probe", &1, LONG).await.unwrap();
        cache.get::<i64>("probe").await
    })
    .await;
}

/// Waits until a node finds this value, within the time for which a message may be lost.
async fn finds(cache: &Cache, expected: Option<i64>) {
    let since = Instant::now();
    eventually("the node finds the value", async || {
        (get(cache).await == expected).then_some(())
    })
    .await;
    assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
}

#[actix_web::test]
async fn nodes_share_values_and_learn_of_their_removal() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (node(&redis.url), node(&redis.url));
    is_connected(&one).await;
    is_connected(&other).await;

    one.set("name", &1, LONG).await.unwrap();
    finds(&other, Some(1)).await;
    assert_eq!(load(&other, 2).await, 1);
    other.set("name", &2, LONG).await.unwrap();
    assert_eq!(get(&other).await, Some(2));
    finds(&one, Some(2)).await;
    one.delete("name").await;
    assert_eq!(get(&one).await, None);
    finds(&other, None).await;
    assert_eq!(load(&other, 3).await, 3);
    finds(&one, Some(3)).await;
}

/// The removal reaches Redis, and the message about it reaches no node.
#[actix_web::test]
async fn a_removal_is_seen_within_a_second_although_its_message_is_lost() {
    let Some(redis) = Redis::start() else { return };
    let cache = node(&redis.url);
    is_connected(&cache).await;
    for value in 1..=3 {
        cache.set("name", &value, LONG).await.unwrap();
        finds(&cache, Some(value)).await;
        redis.run("DEL atoll:cache:value:name");
        finds(&cache, None).await;
    }
}

#[actix_web::test]
async fn a_node_without_redis_finds_nothing_and_fails_nothing() {
    let Some(mut redis) = Redis::start() else {
        return;
    };
    let (one, other) = (node(&redis.url), node(&redis.url));
    for is_frozen in [false, true] {
        is_connected(&one).await;
        is_connected(&other).await;
        one.set("name", &1, LONG).await.unwrap();
        finds(&other, Some(1)).await;

        if is_frozen {
            redis.freeze();
        } else {
            redis.stop();
        }
        finds(&other, None).await;
        assert_eq!(load(&other, 2).await, 2);
        other.set("name", &3, LONG).await.unwrap();
        other.delete("name").await;
        assert_eq!(get(&other).await, None);

        if is_frozen {
            redis.thaw();
        } else {
            redis.launch();
        }
        is_connected(&other).await;
        // Redis kept the value, but not beyond the removal that it missed.
        assert_eq!(get(&other).await, None);
        finds(&one, None).await;
    }
}

/// One node is cut from Redis, and the other goes on.
#[actix_web::test]
async fn a_node_that_is_cut_from_redis_uses_no_old_value() {
    let Some(redis) = Redis::start() else { return };
    let (url, cut) = redis.cuttable().await;
    let (one, other) = (node(&redis.url), node(&url));
    is_connected(&one).await;
    is_connected(&other).await;
    one.set("name", &1, LONG).await.unwrap();
    finds(&other, Some(1)).await;

    cut.send_replace(true);
    one.set("name", &2, LONG).await.unwrap();
    assert_eq!(get(&one).await, Some(2));
    let since = Instant::now();
    eventually("the old value is gone", async || {
        (get(&other).await != Some(1)).then_some(())
    })
    .await;
    assert!(since.elapsed() < BOUND);
    finds(&other, None).await;
    assert_eq!(load(&other, 3).await, 3);
    other.delete("name").await;

    cut.send_replace(false);
    is_connected(&other).await;
    finds(&one, None).await;
}

/// A load that began before a removal on another node is not stored.
#[actix_web::test]
async fn a_load_that_a_removal_elsewhere_overtakes_is_not_stored() {
    let Some(redis) = Redis::start() else { return };
    let (one, other) = (node(&redis.url), node(&redis.url));
    is_connected(&one).await;
    is_connected(&other).await;

    let load_old = async || {
        other.delete("name").await;
        Ok::<_, Error>(1)
    };
    let old = one.get_or_set("name", LONG, load_old).await.unwrap();

    assert_eq!(old, 1);
    assert_eq!(get(&other).await, None);
    assert_eq!(get(&one).await, None);
}
