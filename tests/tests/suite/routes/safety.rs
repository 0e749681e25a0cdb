//! Every answer has the security headers for browsers.
use tests::{Reply, TestApp, json};

use super::{all_routes, numbered};

#[actix_web::test]
async fn every_answer_is_safe_in_a_browser() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let beside = [
        "//healthz",
        "//",
        "//docs",
        "//welcome",
        "//account/reset",
        "//account/forgot",
        "//openapi.json",
        "//no-such",
        "/no-such",
    ];
    let beside = beside.map(|path| (reqwest::Method::GET, path.to_owned()));

    for (method, path) in all_routes().into_iter().chain(beside) {
        let reply = Reply::send(root.request(method.clone(), numbered(&path, "4711"))).await;

        let said = format!("{method} {path}: {:?}", reply.headers);
        assert_eq!(reply.header("x-content-type-options"), "nosniff", "{said}");
        assert_eq!(reply.header("referrer-policy"), "no-referrer", "{said}");
        let policy = reply.header("content-security-policy");
        assert!(policy.contains("default-src 'none'"), "{said}");
        assert!(policy.contains("frame-ancestors 'none'"), "{said}");
        assert!(
            !reply.headers.contains_key("strict-transport-security"),
            "{said}"
        );
    }
}

#[actix_web::test]
async fn answers_over_tls_require_tls() {
    let url = "https://api.example.org".to_owned();
    let app = TestApp::with(|knobs| knobs.server.public_url = Some(url)).await;

    for path in ["/posts", "/no-such"] {
        let reply = app.anonymous().get(path).await;

        assert_eq!(
            reply.header("strict-transport-security"),
            "max-age=31536000"
        );
    }
}

#[actix_web::test]
async fn answers_about_an_account_are_not_cached() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let login = json!({ "login": "ada", "password": tests::PASSWORD });

    for reply in [
        ada.get("/auth/me").await,
        ada.post("/auth/login", login).await,
    ] {
        assert_eq!(reply.status, 200);
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}
