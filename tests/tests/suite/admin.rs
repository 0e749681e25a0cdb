//! The admin at `/admin/`: its files are in the program, compressed and cached, and nothing comes from outside.
use std::path::Path;

use api::config::Profile;
use reqwest::{Method, redirect::Policy};
use tests::{Client, Reply, TestApp};

/// Returns the addresses that the page loads, relative to `/admin/`.
async fn loaded(nobody: &Client) -> Vec<String> {
    let page = nobody.get("//admin/").await.expect_status(200).text;
    let attributes = page.split(['"']).collect::<Vec<_>>();
    let pairs = attributes.windows(2);
    let named = pairs.filter(|pair| pair[0].ends_with("src=") || pair[0].ends_with("href="));
    named
        .map(|pair| pair[1].trim_start_matches("./").to_owned())
        .collect()
}

fn is_script(file: &str) -> bool {
    Path::new(file).extension().is_some_and(|end| end == "js")
}

#[actix_web::test]
async fn the_admin_loads_only_from_this_server() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();

    let page = nobody.get("//admin/").await.expect_status(200);

    assert_eq!(page.header("content-type"), "text/html; charset=utf-8");
    let policy = page.header("content-security-policy");
    for part in [
        "default-src 'none'",
        "script-src 'self';",
        "frame-ancestors 'none'",
    ] {
        assert!(policy.contains(part), "{policy}");
    }
    assert!(
        !page.text.contains("<script>"),
        "an inline script would not run"
    );
    let files = loaded(&nobody).await;
    assert!(files.iter().any(|file| is_script(file)), "{files:?}");
    for file in files {
        assert!(!file.contains("//") && !file.starts_with('/'), "{file}");
        nobody
            .get(format!("//admin/{file}"))
            .await
            .expect_status(200);
    }
    let licenses = nobody.get("//admin/licenses.txt").await.expect_status(200);
    assert_eq!(licenses.header("content-type"), "text/plain; charset=utf-8");
    assert!(licenses.text.contains("(MIT)"));
}

/// A cache keeps a file for good only if its name changes with its content, so that a new release is loaded at once.
#[actix_web::test]
async fn the_admin_is_compressed_and_cached() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    let files = loaded(&nobody).await;
    let script = files.iter().find(|file| is_script(file)).unwrap();
    let in_gzip = async |path: &str| {
        let request = nobody.request(Method::GET, format!("//admin/{path}"));
        Reply::send(request.header("accept-encoding", "gzip, br")).await
    };

    let plain = nobody.get(format!("//admin/{script}")).await;
    let compressed = in_gzip(script).await;
    let page = in_gzip("").await.expect_status(200);

    assert_eq!(compressed.header("content-encoding"), "gzip");
    assert!(!plain.headers.contains_key("content-encoding"));
    let size = |reply: &Reply| reply.header("content-length").parse::<usize>().unwrap();
    assert!(size(&compressed) * 2 < size(&plain));
    assert_ne!(plain.header("etag"), compressed.header("etag"));
    for reply in [&plain, &compressed] {
        assert_eq!(
            reply.header("vary").split(", ").next(),
            Some("Accept-Encoding")
        );
        let caching = reply.header("cache-control");
        assert_eq!(caching, "public, max-age=31536000, immutable");
    }
    assert_eq!(page.header("cache-control"), "no-cache");
    let request = nobody.request(Method::GET, "//admin/");
    let request = request.header("accept-encoding", "gzip");
    let again = Reply::send(request.header("if-none-match", page.header("etag"))).await;
    assert_eq!(again.status, 304);
}

#[actix_web::test]
async fn the_admin_without_a_slash_leads_to_the_admin() {
    let app = TestApp::new().await;
    let client = reqwest::Client::builder().redirect(Policy::none());
    let url = format!("http://{}/admin", app.address);

    let answer = client.build().unwrap().get(&url).send().await.unwrap();

    assert_eq!(answer.status(), 308);
    let place = answer.headers()["location"].to_str().unwrap();
    let place = answer.url().join(place).unwrap();
    assert_eq!(place.path(), "/admin/");
    app.anonymous()
        .get("//admin/nothing")
        .await
        .expect_status(404);
}

/// The pages lead to the documentation instead, where one can sign in too.
#[actix_web::test]
async fn a_server_without_the_admin_has_no_trace_of_it() {
    let app = TestApp::with(|knobs| knobs.has_admin = false).await;
    let nobody = app.anonymous();

    for path in [
        "//admin",
        "//admin/",
        "//admin/index.html",
        "//admin/icon.svg",
    ] {
        nobody.get(path).await.expect_status(404);
    }
    for path in ["//", "//welcome", "//account/forgot", "//account/reset"] {
        let page = nobody
            .request(Method::GET, path)
            .header("accept", "text/html");
        let page = Reply::send(page).await.expect_status(200);
        assert!(!page.text.contains("admin/"), "{path}");
    }
}

#[actix_web::test]
async fn the_pages_lead_to_the_admin() {
    let app = TestApp::with(|knobs| knobs.profile = Profile::Production).await;
    let nobody = app.anonymous();

    let start = nobody.get("//").await.expect_status(200);
    let welcome = nobody.get("//welcome").await.expect_status(200).text;

    assert_eq!(start.body["links"]["admin"], "/admin/");
    assert!(welcome.contains(r#"data-admin="admin/""#), "{welcome}");
    assert!(welcome.contains(r#"data-sign-in="api/v1/auth/cookie""#));
    assert!(welcome.contains(r#"href="admin/">Sign in"#));
}
