//! Rate limits, and the clients they count (contract §13).
mod origins;
mod with_redis;

use reqwest::{Method, header::HeaderMap};
use tests::{Client, Reply, TestApp, json};

/// Starts a server with these limits. No request is given back during a test.
async fn limited(signed_in: u32, anonymous: u32, auth: u32) -> TestApp {
    TestApp::with(|knobs| {
        knobs.rate_limit.signed_in = signed_in;
        knobs.rate_limit.anonymous = anonymous;
        knobs.rate_limit.auth = auth;
        knobs.rate_limit.per = std::time::Duration::from_hours(24);
    })
    .await
}

/// Checks the headers that tell the limit and the requests that are left.
fn expect_headers(headers: &HeaderMap, policy: &str, state: &str) {
    assert_eq!(headers["ratelimit-policy"], policy);
    let said = headers["ratelimit"].to_str().unwrap();
    assert!(said.starts_with(state), "{said} is not {state}…");
}

async fn get_from_address(client: &Client, address: &str, path: &str) -> Reply {
    let request = client.request(Method::GET, path);
    Reply::send(request.header("x-forwarded-for", address)).await
}

#[actix_web::test]
async fn a_caller_with_too_many_requests_is_told_when_to_retry() {
    let app = limited(0, 2, 0).await;
    let nobody = app.anonymous();

    let first = nobody.get("/posts").await.expect_status(200);
    let second = nobody.get("/posts/4711").await.expect_status(404);
    let third = nobody.get("/posts").await;

    let policy = r#""anonymous";q=2;w=86400"#;
    expect_headers(&first.headers, policy, r#""anonymous";r=1;t=43"#);
    expect_headers(&second.headers, policy, r#""anonymous";r=0;t=86"#);
    let third = third.expect_problem(429, "rate_limited");
    expect_headers(&third.headers, policy, r#""anonymous";r=0;t=43"#);
    let wait: u32 = third.header("retry-after").parse().unwrap();
    assert!((43_000..=43_200).contains(&wait), "{wait}");
    assert!(third.header("ratelimit").ends_with(&format!("t={wait}")));
}

#[actix_web::test]
async fn each_user_has_their_own_bucket() {
    let app = limited(2, 1, 0).await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let again = ada.with_token(&app.anonymous().login("ada", tests::PASSWORD).await);

    app.anonymous().get("/posts").await.expect_status(200);
    ada.get("/posts").await.expect_status(200);
    again.get("/posts").await.expect_status(200);

    app.anonymous()
        .get("/posts")
        .await
        .expect_problem(429, "rate_limited");
    for hers in [&ada, &again] {
        hers.get("/posts").await.expect_problem(429, "rate_limited");
    }
    let his = bob.get("/posts").await.expect_status(200);
    expect_headers(
        &his.headers,
        r#""signed-in";q=2;w=86400"#,
        r#""signed-in";r=1;"#,
    );
}

#[actix_web::test]
async fn a_refused_request_does_nothing() {
    let app = limited(1, 0, 0).await;
    let ada = app.member("ada").await;
    let post = json!({ "title": "Hello", "content": "…" });

    ada.post("/posts", post.clone()).await.expect_status(201);
    ada.post("/posts", post)
        .await
        .expect_problem(429, "rate_limited");

    let root = app.superuser("root").await;
    let posts = root.get("/posts").await.expect_status(200);
    assert_eq!(posts.ids().len(), 1);
}

#[actix_web::test]
async fn made_up_tokens_share_the_bucket_of_their_address() {
    let app = limited(0, 3, 0).await;
    let nobody = app.anonymous();

    for number in 0..3 {
        nobody
            .with_token(&format!("made-up-{number}"))
            .get("/posts")
            .await
            .expect_problem(401, "unauthenticated");
    }

    nobody
        .with_token("made-up")
        .get("/posts")
        .await
        .expect_problem(429, "rate_limited");
    nobody
        .get("/posts")
        .await
        .expect_problem(429, "rate_limited");
}

#[actix_web::test]
async fn requests_to_auth_routes_have_their_own_limit() {
    let app = limited(0, 0, 1).await;
    let nobody = app.anonymous();

    let wrong = json!({ "login": "ada", "password": "wrong password" });
    let first = nobody.post("/auth/login", wrong.clone()).await;
    let second = nobody.post("/auth/login", wrong).await;

    let first = first.expect_problem(401, "unauthenticated");
    expect_headers(&first.headers, r#""auth";q=1;w=86400"#, r#""auth";r=0;t=8"#);
    second.expect_problem(429, "rate_limited");
    let posts = nobody.get("/posts").await.expect_status(200);
    assert!(!posts.headers.contains_key("ratelimit"));
}

#[actix_web::test]
async fn health_probes_are_not_limited() {
    let app = limited(1, 1, 1).await;
    let nobody = app.anonymous();
    nobody.get("/posts").await.expect_status(200);

    for path in ["//healthz", "//readyz"].repeat(3) {
        let reply = nobody.get(path).await.expect_status(200);

        assert!(!reply.headers.contains_key("ratelimit"), "{path}");
    }
}

#[actix_web::test]
async fn only_a_trusted_proxy_can_name_the_address_of_a_client() {
    let app = limited(0, 1, 0).await;
    let nobody = app.anonymous();

    get_from_address(&nobody, "192.0.2.1", "/posts")
        .await
        .expect_status(200);
    get_from_address(&nobody, "192.0.2.2", "/posts")
        .await
        .expect_problem(429, "rate_limited");
}

#[actix_web::test]
async fn each_address_behind_a_trusted_proxy_has_a_bucket_per_64_bit_network() {
    let app = TestApp::with(|knobs| {
        knobs.server.trusted_proxies = vec!["127.0.0.1".to_owned()].try_into().unwrap();
        knobs.rate_limit.anonymous = 1;
    })
    .await;
    let nobody = app.anonymous();

    for address in ["192.0.2.1", "192.0.2.2", "2001:db8::1", "2001:db8:0:1::1"] {
        get_from_address(&nobody, address, "/posts")
            .await
            .expect_status(200);
    }

    // The part of the header that the client sent is ignored.
    for address in ["198.51.100.7, 192.0.2.1", "2001:db8::2"] {
        get_from_address(&nobody, address, "/posts")
            .await
            .expect_problem(429, "rate_limited");
    }
}
