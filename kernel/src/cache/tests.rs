use std::cell::Cell;

use futures_util::future::join_all;
use tokio::{
    sync::{Notify, Semaphore},
    time::sleep,
};

use super::*;

const LONG: Duration = Duration::from_hours(1);

fn cache() -> Cache {
    Cache::start(&Settings::default(), None).unwrap()
}

async fn load(cache: &Cache, name: &str, value: &str) -> String {
    let load = async || Ok::<_, Error>(value.to_owned());
    cache.get_or_set(name, LONG, load).await.unwrap()
}

#[tokio::test]
async fn a_value_is_found_until_it_is_removed_or_expires() {
    let cache = cache();
    assert_eq!(cache.get::<String>("name").await, None);

    cache.set("name", &"one", LONG).await.unwrap();
    assert_eq!(cache.get("name").await, Some("one".to_owned()));
    assert_eq!(cache.get::<i64>("name").await, None);
    assert_eq!(load(&cache, "name", "two").await, "one");
    cache.set("name", &"three", LONG).await.unwrap();
    assert_eq!(load(&cache, "name", "four").await, "three");

    cache.delete("name").await;
    assert_eq!(cache.get::<String>("name").await, None);
    cache
        .set("name", &"five", Duration::from_millis(5))
        .await
        .unwrap();
    sleep(Duration::from_millis(6)).await;
    assert_eq!(cache.get::<String>("name").await, None);
}

#[tokio::test]
async fn fifty_callers_share_one_load() {
    for cache in [cache(), Cache::off()] {
        let (loads, go_on) = (Cell::new(0), Semaphore::new(0));
        let call = async || {
            let load = async || {
                loads.set(loads.get() + 1);
                drop(go_on.acquire().await);
                Ok::<_, Error>(7)
            };
            cache.get_or_set("seven", LONG, load).await.unwrap()
        };
        let calls = join_all((0..50).map(|_| call()));
        let (values, ()) = tokio::join!(calls, async { go_on.add_permits(50) });
        assert_eq!((values, loads.get()), (vec![7; 50], 1));
    }
}

#[tokio::test]
async fn callers_load_for_themselves_if_the_first_load_fails() {
    let (cache, loads) = (cache(), Cell::new(0));
    let call = async || {
        let load = async || {
            loads.set(loads.get() + 1);
            let is_first = loads.get() == 1;
            tokio::task::yield_now().await;
            if is_first {
                Err(Error::NotFound)
            } else {
                Ok(7)
            }
        };
        cache.get_or_set("seven", LONG, load).await.ok()
    };
    let values = join_all((0..3).map(|_| call())).await;
    assert_eq!(values, [None, Some(7), Some(7)]);
}

/// A value that was loaded before a removal is given to those who asked before it, and to no others.
#[tokio::test]
async fn a_load_that_a_removal_overtakes_is_not_stored() {
    let cache = cache();
    let (has_begun, go_on) = (Notify::new(), Notify::new());
    let old = cache.get_or_set("name", LONG, async || {
        has_begun.notify_one();
        go_on.notified().await;
        Ok::<_, Error>("old".to_owned())
    });
    let after = async {
        has_begun.notified().await;
        cache.delete("name").await;
        let new = load(&cache, "name", "new");
        tokio::join!(new, async { go_on.notify_one() }).0
    };
    let (old, new) = tokio::join!(old, after);

    assert_eq!((old.unwrap(), new), ("old".to_owned(), "new".to_owned()));
    assert_eq!(cache.get("name").await, Some("new".to_owned()));
}

#[tokio::test]
async fn a_function_is_cached_by_its_arguments() {
    let (cache, calls) = (cache(), Cell::new(0));
    let add = cache.function("add", LONG, async |(a, b): (i64, i64)| {
        calls.set(calls.get() + 1);
        Ok::<_, Error>(a + b)
    });
    for _ in 0..2 {
        assert_eq!(add.call((1, 2)).await.unwrap(), 3);
        assert_eq!(add.call((1, 3)).await.unwrap(), 4);
    }
    assert_eq!(calls.get(), 2);
    add.forget(&(1, 2)).await.unwrap();
    assert_eq!(add.call((1, 2)).await.unwrap(), 3);
    assert_eq!(calls.get(), 3);
}

#[tokio::test]
async fn a_cache_that_is_off_stores_nothing() {
    let off = Settings { size: 0 };
    let cache = Cache::start(&off, None).unwrap();
    cache.set("name", &"one", LONG).await.unwrap();
    assert_eq!(cache.get::<String>("name").await, None);
    assert_eq!(load(&cache, "name", "two").await, "two");
    assert_eq!(load(&cache, "name", "three").await, "three");
}

/// No server is there, so the values are neither found nor an error.
#[tokio::test]
async fn without_an_answer_of_redis_values_are_loaded_each_time() {
    let url = SecretString::from("redis://127.0.0.1:1/");
    let cache = Cache::start(&Settings::default(), Some(&url)).unwrap();
    cache.set("name", &"one", LONG).await.unwrap();
    assert_eq!(cache.get::<String>("name").await, None);
    assert_eq!(load(&cache, "name", "two").await, "two");
    assert_eq!(load(&cache, "name", "three").await, "three");
    cache.delete("name").await;
    let invalid = SecretString::from("http://localhost");
    assert!(Cache::start(&Settings::default(), Some(&invalid)).is_err());
}
