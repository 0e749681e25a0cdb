//! Requests whose body has not arrived, and the bytes of those that have.
use reqwest::Method;
use tests::{Reply, TestApp, json, process::eventually, stuck::Stuck};

use super::come_back;

const LOGIN: &str = "/api/v1/auth/login";

/// Waits until this number of requests is waiting.
async fn waiting(app: &TestApp, most: usize, expected: usize) {
    eventually("requests wait for their bodies", async || {
        (most - app.load.waiting.available_permits() == expected).then_some(())
    })
    .await;
}

#[actix_web::test]
async fn requests_whose_body_never_comes_take_no_place() {
    let app = TestApp::with(|knobs| {
        knobs.server.max_in_flight = 2;
        knobs.load.waiting = 8;
    })
    .await;
    let ada = app.member("ada").await;

    let mut stuck = Vec::new();
    for number in 1..=8 {
        stuck.push(Stuck::post(app.address, LOGIN, "", 100).await);
        waiting(&app, 8, number).await;
    }

    for path in ["//healthz", "//readyz", "/posts"] {
        app.anonymous().get(path).await.expect_status(200);
    }
    let post = json!({ "title": "Hello", "content": "…" });
    ada.post("/posts", post).await.expect_status(201);
    let mut ninth = Stuck::post(app.address, LOGIN, "", 100).await;
    assert_eq!(ninth.status().await, 503);

    // Each request proceeds once its body has arrived.
    let mut first = stuck.pop().unwrap();
    let body = json!({ "login": "ada", "password": tests::PASSWORD }).to_string();
    first.say(&format!("{body:100}")).await;
    assert_eq!(first.status().await, 200);
    drop(stuck);
    waiting(&app, 8, 0).await;
}

#[actix_web::test]
async fn one_address_has_a_bounded_number_of_requests_whose_body_has_not_arrived() {
    let app = TestApp::with(|knobs| {
        knobs.load.waiting_per_address = 2;
        knobs.server.trusted_proxies = vec!["127.0.0.1".to_owned()].try_into().unwrap();
    })
    .await;
    let from = |address: &str| {
        format!(
            "POST {LOGIN} HTTP/1.1\r\nhost: localhost\r\ncontent-type: application/json\r\n\
             content-length: 100\r\nx-forwarded-for: {address}\r\n\r\n"
        )
    };

    let mut stuck = Vec::new();
    for address in ["2001:db8::1", "2001:db8::2", "192.0.2.1"] {
        stuck.push(Stuck::send(app.address, &from(address)).await);
    }
    waiting(&app, 1024, 3).await;

    let mut third = Stuck::send(app.address, &from("2001:db8::3")).await;
    assert_eq!(third.status().await, 429);
    let _other = Stuck::send(app.address, &from("192.0.2.1")).await;
    waiting(&app, 1024, 4).await;
}

#[actix_web::test]
async fn what_needs_no_body_is_answered_before_it_has_come() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    for (path, token, status) in [
        ("/api/v1/posts?no_such=1", "", 400),
        ("/api/v1/no-such", "", 404),
        ("/api/v1/posts", "", 401),
        ("/api/v1/posts", "made-up", 401),
        ("/api/v1/roles", ada.token(), 403),
    ] {
        let mut stuck = Stuck::post(app.address, path, token, 100).await;

        assert_eq!(stuck.status().await, status, "{path}");
    }
}

#[actix_web::test]
async fn health_and_readiness_are_told_while_every_place_is_taken() {
    let app = TestApp::with(|knobs| knobs.server.max_in_flight = 1).await;
    let ada = app.member("ada").await;
    let import = format!(
        "POST /api/v1/posts/import HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/csv\r\n\
         content-length: 100\r\nauthorization: Bearer {}\r\n\r\n",
        ada.token()
    );
    let _import = Stuck::send(app.address, &import).await;
    eventually("the place is taken", async || {
        (app.anonymous().get("/posts").await.status == 503).then_some(())
    })
    .await;

    for _ in 0..20 {
        for path in ["//healthz", "//he%61lthz"] {
            app.anonymous().get(path).await.expect_status(200);
        }
        // A slow disk may make the server unready, which this answer says, too.
        let readiness = app.anonymous().get("//readyz").await;
        assert!(readiness.body["checks"].is_object(), "{}", readiness.text);
    }
    come_back(app.anonymous().get("/posts").await, 503, "unavailable");
}

#[actix_web::test]
async fn one_user_holds_a_quarter_of_the_bytes_of_bulks_and_others_go_on() {
    let app = TestApp::with(|knobs| knobs.load.bulk_bytes = 400_000).await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let eve = app.member("eve").await;
    let bulk = |text: &str| {
        let data = json!({ "title": "Hello", "content": text });
        json!({ "operations": [{ "op": "create", "data": data }] })
    };
    let large = bulk(&"x".repeat(30_000));
    let bulks = "/api/v1/posts/bulk";

    let mut stuck = vec![Stuck::post(app.address, bulks, ada.token(), 80_000).await];
    eventually("the body is counted", async || {
        (app.load.bulks.held() == 80_000).then_some(())
    })
    .await;

    come_back(
        ada.post("/posts/bulk", large.clone()).await,
        429,
        "rate_limited",
    );
    let import = ada.import("/posts/import", "x".repeat(30_000)).await;
    come_back(import, 429, "rate_limited");
    ada.publish("One alone").await;
    bob.post("/posts/bulk", large.clone())
        .await
        .expect_status(200);

    // Requests of all users together.
    for name in ["cyd", "dan", "fay"] {
        let member = app.member(name).await;
        stuck.push(Stuck::post(app.address, bulks, member.token(), 100_000).await);
    }
    eventually("the bodies are counted", async || {
        (app.load.bulks.held() == 380_000).then_some(())
    })
    .await;
    come_back(
        eve.post("/posts/bulk", large.clone()).await,
        503,
        "unavailable",
    );
    eve.publish("One more").await;
    drop(stuck);
    eventually("the bytes are given back", async || {
        (app.load.bulks.held() == 0).then_some(())
    })
    .await;
    ada.post("/posts/bulk", large).await.expect_status(200);
}

#[actix_web::test]
async fn bytes_of_bodies_are_counted_as_they_come() {
    let app = TestApp::with(|knobs| knobs.load.body_bytes = 400_000).await;
    let ada = app.member("ada").await;

    let mut stuck = Stuck::post(app.address, "/api/v1/posts", ada.token(), 200_000).await;
    stuck.say(&"x".repeat(90_000)).await;
    eventually("the bytes are counted", async || {
        (app.load.bodies.held() == 90_000).then_some(())
    })
    .await;

    let post = json!({ "title": "Hello", "content": "x".repeat(20_000) });
    come_back(ada.post("/posts", post.clone()).await, 429, "rate_limited");
    let bob = app.member("bob").await;
    bob.post("/posts", post).await.expect_status(201);
    stuck.reset();
    eventually("the bytes are given back", async || {
        (app.load.bodies.held() == 0).then_some(())
    })
    .await;
    let reply = Reply::send(ada.request(Method::GET, "/posts")).await;
    reply.expect_status(200);
}
