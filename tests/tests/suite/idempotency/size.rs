//! The storage of kept answers is bounded: large bodies are rebuilt from the history, and each user has a quota.
use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tests::{Client, Reply, TestApp, json, sql};

use super::{create, is_replayed, send};

const KEPT: &str = "SELECT CAST(COALESCE(SUM(LENGTH(outcome)), 0) AS bigint) FROM idempotency_keys";

fn long(length: usize) -> Value {
    json!({ "title": "Long", "content": "é".repeat(length), "status": "published" })
}

async fn patch(who: &Client, key: &str, path: &str, body: Value) -> Reply {
    send(who, key, Method::PATCH, path, body).await
}

#[actix_web::test]
async fn a_large_answer_is_rebuilt_from_the_history() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let first = create(&ada, "new", long(100_000)).await.expect_status(201);
    let path = first.url();
    let second = patch(&ada, "second", path, json!({ "title": "Second" }))
        .await
        .expect_status(200);
    ada.patch(path, json!({ "title": "Third", "content": "Short." }))
        .await
        .expect_status(200);
    let again = create(&ada, "new", long(100_000)).await.expect_status(201);
    let second_again = patch(&ada, "second", path, json!({ "title": "Second" })).await;

    assert!(is_replayed(&again) && is_replayed(&second_again));
    assert_eq!(
        (&first.text, &second.text),
        (&again.text, &second_again.text)
    );
    for header in ["location", "etag", "content-type"] {
        assert_eq!(first.header(header), again.header(header));
    }
    assert!(sql::number(&app.kernel, KEPT).await < 4_000);
}

#[actix_web::test]
async fn the_answer_of_a_change_without_effect_is_kept_without_a_body() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let small = ada.publish("Small").await;
    let title = || json!({ "title": "Small" });

    let first = patch(&ada, "one", small.url(), title())
        .await
        .expect_status(200);
    let reverted = json!({ "version": 1 });
    let revert = format!("{}/revert", small.url());
    let same = send(&ada, "two", Method::POST, &revert, reverted.clone())
        .await
        .expect_status(200);
    ada.patch(small.url(), json!({ "title": "Other" }))
        .await
        .expect_status(200);

    assert_eq!(
        patch(&ada, "one", small.url(), title()).await.text,
        first.text
    );
    assert_eq!(
        send(&ada, "two", Method::POST, &revert, reverted)
            .await
            .text,
        same.text
    );
    let bodies = sql::number(
        &app.kernel,
        "SELECT count(*) FROM idempotency_keys WHERE outcome LIKE '%About Small%'",
    );
    assert_eq!(bodies.await, 0);
}

#[actix_web::test]
async fn an_answer_that_the_history_no_longer_has_is_not_replayed() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = create(&ada, "new", long(100_000)).await.expect_status(201);
    ada.patch(post.url(), json!({ "content": "Short." }))
        .await
        .expect_status(200);

    sql::run(&app.kernel, "DELETE FROM audit_entries").await;
    let again = create(&ada, "new", long(100_000)).await;

    again.expect_problem(409, "conflict");
}

#[actix_web::test]
async fn the_kept_answers_of_one_user_are_limited() {
    let app = TestApp::with(|with| with.service.idempotency.kept_limit = 5_000).await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = |number: usize| json!({ "title": format!("Post {number}"), "content": "…" });
    let keyed = async |who: &Client, number: usize| {
        let key = format!("key {number}");
        create(who, &key, post(number)).await
    };

    let answers = join_all((0..12).map(|number| keyed(&ada, number))).await;

    let (made, refused): (Vec<_>, Vec<_>) = answers.iter().partition(|reply| reply.status == 201);
    assert!(!made.is_empty() && !refused.is_empty());
    for reply in refused {
        assert_eq!(
            (reply.status, &reply.body["code"]),
            (429, &json!("rate_limited")),
            "{}",
            reply.text
        );
        assert!(reply.header("retry-after").parse::<u64>().unwrap() <= 25 * 3_600);
    }
    let total = ada.get("/posts?count=exact&limit=1").await;
    assert_eq!(total.body["page"]["total"], made.len());
    let counted = "SELECT CAST(SUM(bytes) AS bigint) FROM written_bytes";
    assert!(sql::number(&app.kernel, counted).await <= 5_000);
    ada.post("/posts", post(99)).await.expect_status(201);
    keyed(&bob, 0).await.expect_status(201);
}

#[actix_web::test]
async fn the_history_that_one_user_writes_in_a_day_is_limited() {
    let app = TestApp::with(|with| with.service.audit.daily_limit = 100_000).await;
    let (ada, root) = (app.member("ada").await, app.superuser("root").await);
    let post = |number: usize| {
        let content = "x".repeat(30_000);
        json!({ "title": format!("Post {number}"), "content": content, "status": "published" })
    };

    let answers = join_all((0..8).map(|number| ada.post("/posts", post(number)))).await;

    let made: Vec<_> = answers.iter().filter(|reply| reply.status == 201).collect();
    let refused = answers.iter().filter(|reply| reply.status == 429).count();
    assert_eq!((made.len(), refused), (3, 5));
    ada.post("/posts", post(9))
        .await
        .expect_problem(429, "rate_limited");
    for _ in 0..4 {
        root.post("/posts", post(9)).await.expect_status(201);
    }
    let line = serde_json::to_string(&post(9)).unwrap() + "\n";
    ada.import("/posts/import", line.repeat(5))
        .await
        .expect_status(200);
    ada.delete(made[0].url()).await.expect_status(204);
}
