//! What scripts of other origins may read (`server.cors_origins`).
use reqwest::Method;
use tests::{Reply, TestApp};

const ORIGIN: &str = "https://app.example.org";

async fn asked(app: &TestApp, origin: &str, path: &str) -> Reply {
    let request = app.anonymous().request(Method::GET, path);
    Reply::of(request.header("origin", origin)).await
}

async fn open() -> TestApp {
    TestApp::with(|knobs| {
        knobs.server.cors_origins = vec![ORIGIN.to_owned()];
        knobs.rate_limit.anonymous = 3;
        knobs.rate_limit.per = std::time::Duration::from_hours(24);
    })
    .await
}

#[actix_web::test]
async fn scripts_of_an_allowed_origin_read_failures_and_limits_too() {
    let app = open().await;

    let good = asked(&app, ORIGIN, "/posts").await.expect_status(200);
    let absent = asked(&app, ORIGIN, "/posts/4711").await.expect_status(404);
    asked(&app, ORIGIN, "/posts").await.expect_status(200);
    let refused = asked(&app, ORIGIN, "/posts").await.expect_status(429);

    for reply in [good, absent, refused] {
        assert_eq!(reply.header("access-control-allow-origin"), ORIGIN);
        let exposed = reply.header("access-control-expose-headers").to_owned();
        let exposed: Vec<_> = exposed.split(',').map(str::trim).collect();
        for name in [
            "ratelimit",
            "ratelimit-policy",
            "retry-after",
            "x-request-id",
            "etag",
            "link",
        ] {
            assert!(exposed.contains(&name), "{name} is not among {exposed:?}");
        }
    }
}

#[actix_web::test]
async fn scripts_of_other_origins_read_nothing() {
    let app = open().await;

    let reply = asked(&app, "https://evil.example", "/posts").await;

    let headers = reply.headers;
    assert!(
        !headers.contains_key("access-control-allow-origin"),
        "{headers:?}"
    );
}
