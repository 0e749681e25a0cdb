//! A path with a percent-encoded letter is the same path, with the same rules.
use std::collections::BTreeMap;

use reqwest::Method;
use tests::{Client, Reply, TestApp, json};

use super::{all_routes, numbered};

/// The path with its last letter encoded.
fn encoded(path: &str) -> String {
    let at = path.rfind(|char: char| char.is_ascii_lowercase()).unwrap();
    let letter = path.as_bytes()[at];
    format!("{}%{letter:02x}{}", &path[..at], &path[at + 1..])
}

/// Returns the headers, except those that differ between two equal requests.
fn comparable_headers(reply: &Reply) -> BTreeMap<String, String> {
    let headers = reply.headers.iter();
    let headers = headers.map(|(name, value)| {
        let value = value.to_str().unwrap().to_owned();
        // The number of requests that are left and the expiry of a cookie differ.
        let value = match name.as_str() {
            "ratelimit" => value.split(';').next().unwrap().to_owned(),
            "set-cookie" => value.split("; Expires").next().unwrap().to_owned(),
            _ => value,
        };
        (name.to_string(), value)
    });
    let differs = ["date", "x-request-id", "content-length", "link", "etag"];
    headers
        .filter(|(name, _)| !differs.contains(&name.as_str()))
        .collect()
}

async fn send(client: &Client, method: &Method, path: &str, cookie: bool) -> Reply {
    let request = client.request(method.clone(), path);
    Reply::send(if cookie {
        request.header("cookie", "__Host-atoll=made-up")
    } else {
        request
    })
    .await
}

#[actix_web::test]
async fn an_encoded_letter_changes_no_header_of_any_route() {
    let app = TestApp::with(|knobs| {
        knobs.rate_limit.signed_in = 1_000_000;
        knobs.rate_limit.anonymous = 1_000_000;
        knobs.rate_limit.auth = 1_000_000;
    })
    .await;
    let nobody = app.anonymous();
    let stranger = nobody.with_token("made-up");
    let beside = [
        "//healthz",
        "//readyz",
        "//docs",
        "//openapi.json",
        "//welcome",
        "/no-such",
    ];
    let beside = beside.map(|path| (Method::GET, path.to_owned()));

    for (method, path) in all_routes().into_iter().chain(beside) {
        let plain = numbered(&path, "4711");
        for (client, cookie) in [(&nobody, false), (&stranger, false), (&nobody, true)] {
            let first = send(client, &method, &plain, cookie).await;
            let second = send(client, &method, &encoded(&plain), cookie).await;

            assert_eq!(second.status, first.status, "{method} {plain}");
            assert_eq!(
                comparable_headers(&second),
                comparable_headers(&first),
                "{method} {plain}"
            );
        }
    }
}

#[actix_web::test]
async fn a_sign_in_by_an_encoded_path_is_limited_and_not_cached() {
    let app = TestApp::with(|knobs| knobs.rate_limit.auth = 100).await;
    app.user("ada", false, &[]).await;
    let login = json!({ "login": "ada", "password": tests::PASSWORD });

    let reply = app.anonymous().post("/%61uth/login", login).await;

    let reply = reply.expect_status(200);
    assert_eq!(reply.header("ratelimit-policy"), r#""auth";q=100;w=60"#);
    assert_eq!(reply.header("cache-control"), "no-store");
    let explained = app.superuser("root").await;
    let asked = "/auth/explain?method=GET&path=/api/v1/%2570osts";
    explained.get(asked).await.expect_status(200);
}
