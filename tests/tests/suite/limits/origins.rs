//! Answers to scripts of other origins (`server.cors_origins`).
use reqwest::Method;
use tests::{Reply, TestApp};

const ORIGIN: &str = "https://app.example.org";

async fn get_from_origin(app: &TestApp, origin: &str, path: &str) -> Reply {
    let request = app.anonymous().request(Method::GET, path);
    Reply::send(request.header("origin", origin)).await
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

    let good = get_from_origin(&app, ORIGIN, "/posts")
        .await
        .expect_status(200);
    let absent = get_from_origin(&app, ORIGIN, "/posts/4711")
        .await
        .expect_status(404);
    get_from_origin(&app, ORIGIN, "/posts")
        .await
        .expect_status(200);
    let refused = get_from_origin(&app, ORIGIN, "/posts")
        .await
        .expect_status(429);

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

    let reply = get_from_origin(&app, "https://evil.example", "/posts").await;

    let headers = reply.headers;
    assert!(
        !headers.contains_key("access-control-allow-origin"),
        "{headers:?}"
    );
}

async fn preflight(app: &TestApp, origin: &str, method: &str, path: &str) -> Reply {
    let request = app.anonymous().request(Method::OPTIONS, path);
    let request = request
        .header("origin", origin)
        .header("access-control-request-method", method)
        .header(
            "access-control-request-headers",
            "authorization, content-type, if-match, if-none-match, idempotency-key, x-csrf-token, x-request-id",
        );
    Reply::send(request).await
}

#[actix_web::test]
async fn a_preflight_allows_every_method_and_header_of_the_api() {
    let app = open().await;
    let methods = api::routes::routes().into_iter().map(|route| route.method);
    let mut methods: Vec<_> = methods.map(|method| method.to_string()).collect();
    methods.push("HEAD".to_owned());

    for method in methods {
        let reply = preflight(&app, ORIGIN, &method, "/posts/1").await;

        let reply = reply.expect_status(200);
        assert_eq!(reply.header("access-control-allow-origin"), ORIGIN);
        let allowed = reply.header("access-control-allow-methods");
        assert!(allowed.contains(&method), "{method} is not in {allowed}");
        let headers = reply.header("access-control-allow-headers");
        for name in ["x-csrf-token", "if-match", "idempotency-key"] {
            assert!(headers.contains(name), "{name} is not in {headers}");
        }
        assert!(reply.headers.contains_key("x-request-id"));
    }
}

#[actix_web::test]
async fn a_preflight_of_another_origin_is_refused_with_the_reason() {
    for app in [open().await, TestApp::new().await] {
        let reply = preflight(&app, "https://evil.example", "POST", "/posts").await;

        let reply = reply.expect_problem(403, "forbidden");
        let detail = reply.body["detail"].as_str().unwrap();
        assert!(detail.contains("origin not allowed"), "{detail}");
        assert!(!reply.headers.contains_key("access-control-allow-origin"));
    }
}

#[actix_web::test]
async fn scripts_of_an_allowed_origin_read_that_the_server_is_full() {
    let app = TestApp::with(|knobs| {
        knobs.server.cors_origins = vec![ORIGIN.to_owned()];
        knobs.server.max_in_flight = 1;
    })
    .await;
    let ada = app.member("ada").await;
    let import = format!(
        "POST /api/v1/posts/import HTTP/1.1\r\nhost: localhost\r\ncontent-type: text/csv\r\n\
         content-length: 100\r\nauthorization: Bearer {}\r\n\r\n",
        ada.token()
    );
    let _import = tests::stuck::Stuck::send(app.address, &import).await;

    let full = tests::process::eventually("the server is full", async || {
        let reply = get_from_origin(&app, ORIGIN, "/posts").await;
        (reply.status == 503).then_some(reply)
    })
    .await;

    let full = full.expect_problem(503, "unavailable");
    assert_eq!(full.header("access-control-allow-origin"), ORIGIN);
    let exposed = full.header("access-control-expose-headers");
    assert!(exposed.contains("retry-after"), "{exposed}");
    let vary = full.header("vary");
    assert!(
        vary.contains("Origin") && vary.contains("Authorization"),
        "{vary}"
    );
}

#[actix_web::test]
async fn a_configured_host_is_allowed_on_any_port() {
    let app = TestApp::with(|knobs| {
        knobs.server.cors_origins = vec!["http://localhost:*".to_owned()];
    })
    .await;

    for (origin, is_allowed) in [
        ("http://localhost:3000", true),
        ("http://localhost:5173", true),
        ("http://localhost", false),
        ("https://localhost:3000", false),
        ("http://localhost:3000.evil.example", false),
        ("http://localhost:evil.example", false),
        ("http://localhost.evil.example:3000", false),
    ] {
        let reply = get_from_origin(&app, origin, "/posts").await;

        let said = reply.headers.get("access-control-allow-origin");
        let said = said.map(|said| said.to_str().unwrap());
        assert_eq!(said, is_allowed.then_some(origin));
    }
}
