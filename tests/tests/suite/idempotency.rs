//! `Idempotency-Key`: a retried request has one effect (contract §7).
mod access;
mod size;

use std::collections::BTreeSet;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tests::{Client, PASSWORD, Reply, TestApp, json, scaled, sql};

use crate::audit::replay::assert_replays;

async fn send(who: &Client, key: &str, method: Method, path: &str, body: Value) -> Reply {
    let request = who.request(method, path).header("Idempotency-Key", key);
    Reply::send(match body {
        Value::Null => request,
        body => request.json(&body),
    })
    .await
}

fn hello_post() -> Value {
    json!({ "title": "Hello", "content": "…", "status": "published" })
}

async fn create(who: &Client, key: &str, body: Value) -> Reply {
    send(who, key, Method::POST, "/posts", body).await
}

fn is_replayed(reply: &Reply) -> bool {
    reply
        .headers
        .get("idempotency-replayed")
        .is_some_and(|value| value == "true")
}

#[actix_web::test]
async fn a_retry_gets_the_first_answer() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let first = create(&ada, "one", hello_post()).await.expect_status(201);
    let again = create(&ada, "one", hello_post()).await.expect_status(201);

    assert!(!is_replayed(&first) && is_replayed(&again));
    assert_eq!(first.text, again.text);
    for header in ["location", "etag", "content-type"] {
        assert_eq!(first.header(header), again.header(header));
    }
    assert_eq!(ada.get("/posts?count=exact").await.body["page"]["total"], 1);
}

/// Each route that changes something gets one request twice: the second one has no effect.
#[actix_web::test]
async fn every_unsafe_route_takes_a_key() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let role = json!({ "name": "reader", "permissions": [] });
    let role = root.post("/roles", role).await.expect_status(201).id();
    let user = json!({ "username": "bob", "email": "bob@example.org", "password": PASSWORD });
    let user = root.post("/users", user).await.expect_status(201).id();
    let post = root.publish("Hello").await.id();
    let comment = root.comment(post, "…").await.id();
    let mut seen = BTreeSet::new();
    let bob = app.anonymous().login("bob", PASSWORD).await;
    let bob = app.anonymous().with_token(&bob);
    bob.with_key(&["users.read.own"]).await;
    let session = bob.get("/auth/sessions").await.ids()[0];
    let key = bob.get("/auth/api-keys").await.ids()[0];

    let of = |table: &str, id: i64, patch: Value| {
        let one = format!("/{table}/{id}");
        [
            (Method::PATCH, one.clone(), patch),
            (
                Method::POST,
                format!("{one}/revert"),
                json!({ "version": 1 }),
            ),
            (Method::DELETE, one.clone(), Value::Null),
            (Method::POST, format!("{one}/restore"), Value::Null),
            (Method::DELETE, one.clone(), Value::Null),
            (Method::POST, format!("{one}/purge"), Value::Null),
        ]
    };
    let eve = json!({ "username": "eve", "email": "eve@example.org", "password": PASSWORD });
    let mut requests = vec![
        (Method::POST, "/users".to_owned(), eve),
        (Method::POST, "/posts".to_owned(), hello_post()),
        (
            Method::POST,
            "/comments".to_owned(),
            json!({ "post_id": post, "body": "…" }),
        ),
        (
            Method::POST,
            format!("/posts/{post}/comments"),
            json!({ "body": "…" }),
        ),
        (
            Method::POST,
            "/roles".to_owned(),
            json!({ "name": "writer", "permissions": [] }),
        ),
        (
            Method::PUT,
            format!("/users/{user}/roles/{role}"),
            Value::Null,
        ),
        (
            Method::DELETE,
            format!("/users/{user}/roles/{role}"),
            Value::Null,
        ),
        (
            Method::DELETE,
            format!("/users/{user}/sessions/{session}"),
            Value::Null,
        ),
        (
            Method::DELETE,
            format!("/users/{user}/sessions"),
            Value::Null,
        ),
        (
            Method::DELETE,
            format!("/users/{user}/api-keys/{key}"),
            Value::Null,
        ),
        (
            Method::PUT,
            format!("/roles/{role}/permissions/posts.read"),
            Value::Null,
        ),
        (
            Method::DELETE,
            format!("/roles/{role}/permissions/posts.read"),
            Value::Null,
        ),
    ];
    let bulk = |table: &str, id: i64, data: Value| {
        let operations = json!([{ "op": "update", "id": id, "data": data }]);
        let body = json!({ "operations": operations });
        (Method::POST, format!("/{table}/bulk"), body)
    };
    requests.extend([
        bulk("comments", comment, json!({ "body": "?" })),
        bulk("posts", post, json!({ "title": "?" })),
        bulk("users", user, json!({ "bio": "?" })),
        bulk("roles", role, json!({ "description": "?" })),
    ]);
    requests.extend(of("comments", comment, json!({ "body": "!" })));
    requests.extend(of("posts", post, json!({ "title": "!" })));
    requests.extend(of("users", user, json!({ "bio": "!" })));
    requests.extend(of("roles", role, json!({ "description": "!" })));
    for (number, (method, path, body)) in requests.into_iter().enumerate() {
        let key = format!("key {number}");
        let first = send(&root, &key, method.clone(), &path, body.clone()).await;
        let again = send(&root, &key, method.clone(), &path, body).await;
        assert!(
            (200..300).contains(&first.status),
            "{method} {path}: {}",
            first.text
        );
        assert!(
            !is_replayed(&first) && is_replayed(&again),
            "{method} {path}"
        );
        assert_eq!(
            (first.status, first.text),
            (again.status, again.text),
            "{method} {path}"
        );
        let path: Vec<_> = path
            .split('/')
            .map(|part| {
                if part.parse::<i64>().is_ok() {
                    "{}"
                } else {
                    part
                }
            })
            .collect();
        seen.insert((method.to_string(), path.join("/")));
    }

    for route in api::routes::routes() {
        let path = route.path.trim_start_matches("/api/v1");
        let ids = ["{id}", "{role_id}", "{session_id}", "{key_id}"].into_iter();
        let path = ids.fold(path.to_owned(), |path, id| path.replace(id, "{}"));
        let path = path.replace("{permission}", "posts.read");
        // An import takes no key: it continues where it stopped (contract §7). A second switch of the mode has no effect.
        let takes_none = path.ends_with("/import") || path == "/system/mode";
        if route.method == "GET" || path.starts_with("/auth") || takes_none {
            continue;
        }
        let is_there = seen.contains(&(route.method.to_string(), path.clone()));
        assert!(
            is_there,
            "{} {path}: answer it through Call::write, and send it here",
            route.method
        );
    }
    // Every write was recorded.
    assert_replays(&root).await;
}

#[actix_web::test]
async fn a_key_belongs_to_one_request() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    create(&ada, "one", hello_post()).await.expect_status(201);

    let other = json!({ "title": "Other", "content": "…" });
    create(&ada, "one", other)
        .await
        .expect_problem(422, "validation_failed");
    send(
        &ada,
        "one",
        Method::POST,
        "/comments",
        json!({ "post_id": 1, "body": "…" }),
    )
    .await
    .expect_status(422);
    send(&ada, "one", Method::DELETE, "/posts/1", Value::Null)
        .await
        .expect_status(422);

    assert_eq!(ada.get("/posts?count=exact").await.body["page"]["total"], 1);
}

#[actix_web::test]
async fn a_key_belongs_to_one_caller() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);

    let hers = create(&ada, "one", hello_post()).await.expect_status(201);
    let his = create(&bob, "one", hello_post()).await.expect_status(201);

    assert!(!is_replayed(&his));
    assert_ne!(hers.id(), his.id());
}

#[actix_web::test]
async fn a_refused_request_leaves_its_key_free() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let with_slug = json!({ "title": "Hello", "content": "…", "slug": "taken" });
    let taken = ada
        .post("/posts", with_slug.clone())
        .await
        .expect_status(201);

    create(&ada, "one", with_slug.clone())
        .await
        .expect_status(409);
    create(&ada, "one", json!({ "title": " " }))
        .await
        .expect_status(422);
    ada.delete(taken.url()).await.expect_status(204);
    let made = create(&ada, "one", with_slug).await.expect_status(201);

    assert!(!is_replayed(&made));
}

#[actix_web::test]
async fn a_key_is_free_again_after_a_day() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let first = create(&ada, "one", hello_post()).await.expect_status(201);
    let age = if app.backend.is_postgres() {
        "UPDATE idempotency_keys SET created_at = created_at - interval '24 hours'"
    } else {
        "UPDATE idempotency_keys SET created_at = '2001-01-01T00:00:00.000000+00:00'"
    };
    sql::run(&app.kernel, age).await;

    let second = create(&ada, "one", hello_post()).await.expect_status(201);

    assert!(!is_replayed(&second));
    assert_ne!(first.id(), second.id());
    assert!(is_replayed(&create(&ada, "one", hello_post()).await));
}

#[actix_web::test]
async fn an_invalid_idempotency_key_is_refused() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    for key in ["", "é", &"x".repeat(256)] {
        create(&ada, key, hello_post())
            .await
            .expect_problem(400, "malformed_request");
    }
    create(&ada, &"x".repeat(255), hello_post())
        .await
        .expect_status(201);
}

/// A retry during the first request waits for its answer, or is told to come back later.
#[actix_web::test]
async fn one_of_many_concurrent_retries_has_an_effect() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let keys = scaled(10);

    for number in 0..keys {
        let key = format!("key {number}");
        let answers = join_all((0..20).map(|_| create(&ada, &key, hello_post()))).await;
        for answer in &answers {
            match answer.status {
                201 => {}
                409 | 503 => assert_eq!(answer.header("retry-after"), "1"),
                other => panic!("{other}: {}", answer.text),
            }
        }
        let made = |reply: &&Reply| reply.status == 201;
        let ids: BTreeSet<_> = answers.iter().filter(made).map(Reply::id).collect();
        assert_eq!(ids.len(), 1, "{key}");
        let first = answers
            .iter()
            .filter(made)
            .filter(|reply| !is_replayed(reply));
        assert!(first.count() <= 1, "{key}");
    }

    let total = &ada.get("/posts?count=exact").await.body["page"]["total"];
    assert_eq!(total, keys);
}
