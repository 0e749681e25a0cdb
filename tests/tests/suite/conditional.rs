//! `If-Match` prevents a client from overwriting a version that it has not read (contract §6).
mod standards;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tests::{Client, Reply, TestApp, json, scaled};

async fn send(who: &Client, method: Method, path: &str, tags: &str, body: Option<Value>) -> Reply {
    let request = who.request(method, path).header("If-Match", tags);
    Reply::send(match body {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

async fn patch(who: &Client, path: &str, tags: &str, title: &str) -> Reply {
    send(
        who,
        Method::PATCH,
        path,
        tags,
        Some(json!({ "title": title })),
    )
    .await
}

#[actix_web::test]
async fn a_change_of_the_current_version_is_made() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let read = ada.get(post.url()).await;

    let patched = patch(&ada, post.url(), read.header("etag"), "Again")
        .await
        .expect_status(200);

    assert_eq!(patched.header("etag"), "\"2\"");
    for tags in ["*", "\"1\", \"2\"", "\"2p\"", "W/\"2\", \"2\""] {
        let reply = patch(&ada, post.url(), tags, "Again").await;
        assert_eq!(reply.status, 200, "{tags}");
    }
}

#[actix_web::test]
async fn a_change_of_another_version_is_refused() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let path = post.url();
    ada.patch(path, json!({ "title": "Newer" }))
        .await
        .expect_status(200);

    for tags in ["\"1\"", "\"1p\", \"3\"", "W/\"2\"", "\"\"", "\"two\""] {
        patch(&ada, path, tags, "Older")
            .await
            .expect_problem(412, "precondition_failed");
        send(&ada, Method::DELETE, path, tags, None)
            .await
            .expect_problem(412, "precondition_failed");
    }

    let read = ada.get(path).await.expect_status(200);
    assert_eq!(
        (&read.body["title"], &read.body["version"]),
        (&json!("Newer"), &json!(2))
    );
    ada.delete(path).await.expect_status(204);
    let restore = format!("{path}/restore");
    send(&ada, Method::POST, &restore, "\"2\"", None)
        .await
        .expect_problem(412, "precondition_failed");
    send(&ada, Method::POST, &restore, "\"3\"", None)
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn the_own_account_has_versions_too() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let bio = |text: &str| Some(json!({ "bio": text }));

    send(&ada, Method::PATCH, "/auth/me", "\"7\"", bio("Stale"))
        .await
        .expect_status(412);
    send(&ada, Method::PATCH, "/auth/me", "\"1\"", bio("Fresh"))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn the_precondition_comes_after_the_row_and_before_the_rules() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;
    ada.publish("Taken").await;

    patch(&bob, post.url(), "\"9\"", "Mine")
        .await
        .expect_status(403);
    patch(&bob, "/posts/4711", "\"9\"", "Mine")
        .await
        .expect_status(404);
    patch(&ada, post.url(), "\"9\"", " ")
        .await
        .expect_status(422);
    let taken = Some(json!({ "slug": "taken" }));
    send(&ada, Method::PATCH, post.url(), "\"9\"", taken)
        .await
        .expect_status(412);
    patch(&ada, post.url(), "9", "Mine")
        .await
        .expect_problem(400, "malformed_request");
}

#[actix_web::test]
async fn a_missing_precondition_is_428_if_it_is_required() {
    let app = TestApp::with(|with| with.api.require_if_match = true).await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let path = post.url();

    ada.patch(path, json!({ "title": "Blind" }))
        .await
        .expect_problem(428, "precondition_required");
    ada.delete(path)
        .await
        .expect_problem(428, "precondition_required");
    ada.patch("/posts/4711", json!({})).await.expect_status(404);
    patch(&ada, path, "\"1\"", "Seen").await.expect_status(200);
    send(&ada, Method::DELETE, path, "*", None)
        .await
        .expect_status(204);
    ada.act(format!("{path}/restore"))
        .await
        .expect_problem(428, "precondition_required");
    send(
        &ada,
        Method::POST,
        &format!("{path}/restore"),
        "\"3\"",
        None,
    )
    .await
    .expect_status(200);
}

/// Only one of the clients that read the same version changes it.
#[actix_web::test]
async fn no_update_is_lost_in_a_race() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let path = post.url();
    let mut successes = 0;

    for _ in 0..scaled(5) {
        let racers = (0..16).map(async |racer| {
            let read = ada.get(path).await;
            let seen = read.body["version"].as_u64().unwrap();
            let title = format!("{racer} was here in {seen}");
            let done = patch(&ada, path, read.header("etag"), &title).await;
            assert!([200, 412, 503].contains(&done.status), "{}", done.text);
            let made = (done.status == 200).then(|| done.body["version"].as_u64().unwrap());
            assert!(
                made.is_none_or(|made| made == seen + 1),
                "{seen}, then {made:?}"
            );
            u64::from(made.is_some())
        });
        successes += join_all(racers).await.into_iter().sum::<u64>();
    }

    let version = ada.get(path).await.body["version"].as_u64().unwrap();
    assert_eq!(successes, version - 1);
    assert!(successes > 0);
}
