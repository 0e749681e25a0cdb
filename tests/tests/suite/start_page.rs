//! The start page at `/`: HTML for browsers, and JSON for other clients.
use api::config::Profile;
use reqwest::Method;
use tests::{Reply, TestApp, json};

async fn start(app: &TestApp, accept: &str) -> Reply {
    let request = app.anonymous().request(Method::GET, "//");
    let reply = Reply::send(request.header("accept", accept)).await;
    reply.expect_status(200)
}

async fn in_profile(profile: Profile) -> TestApp {
    TestApp::with(|knobs| knobs.profile = profile).await
}

#[actix_web::test]
async fn a_client_that_prefers_html_gets_a_page_and_any_other_gets_json() {
    let app = TestApp::new().await;

    for accept in [
        "text/html",
        "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8",
        "application/json;q=0.9, text/html",
        "*/*, text/html",
    ] {
        let reply = start(&app, accept).await;
        assert_eq!(
            reply.header("content-type"),
            "text/html; charset=utf-8",
            "{accept}"
        );
    }
    for accept in [
        "*/*",
        "",
        "application/json",
        "application/json, text/html",
        "text/html;q=0.5, application/json",
        "text/html;q=0",
        "image/png",
        "nonsense",
    ] {
        let reply = start(&app, accept).await;
        assert_eq!(reply.header("content-type"), "application/json", "{accept}");
        assert_eq!(reply.body["name"], "Atoll", "{accept}");
    }
}

#[actix_web::test]
async fn the_answer_varies_by_accept() {
    let app = TestApp::new().await;

    for accept in ["text/html", "*/*"] {
        let reply = start(&app, accept).await;
        let mut varies = reply.header("vary").split(", ");
        assert!(varies.any(|header| header == "Accept"), "{accept}");
    }
}

#[actix_web::test]
async fn only_development_shows_the_version_and_whether_a_superuser_exists() {
    for profile in [Profile::Test, Profile::Production] {
        let app = in_profile(profile).await;
        assert!(!start(&app, "text/html").await.text.contains("Version"));
        let members = start(&app, "*/*").await.body;
        let members: Vec<_> = members.as_object().unwrap().keys().cloned().collect();
        assert_eq!(members, ["links", "name"]);
    }
    let app = in_profile(Profile::Development).await;

    let before = start(&app, "*/*").await;
    let page_before = start(&app, "text/html").await;
    app.superuser("root").await;
    let after = start(&app, "*/*").await;
    let page_after = start(&app, "text/html").await;

    assert_eq!(before.body["has_superuser"], false);
    assert_eq!(before.body["version"], json!(env!("CARGO_PKG_VERSION")));
    assert!(page_before.text.contains("None exists yet"));
    assert_eq!(after.body["has_superuser"], true);
    assert!(page_after.text.contains("A superuser exists."));
}

#[actix_web::test]
async fn the_links_work() {
    let app = TestApp::new().await;

    let reply = start(&app, "*/*").await;

    for (name, path) in reply.body["links"].as_object().unwrap() {
        let path = format!("/{}", path.as_str().unwrap());
        let linked = app.anonymous().get(path).await;
        assert_eq!(linked.status, 200, "{name}");
    }
}
