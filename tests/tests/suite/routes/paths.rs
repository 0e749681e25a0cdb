//! Paths, methods and ids that are refused before authentication.
use std::collections::{BTreeMap, BTreeSet};

use reqwest::Method;
use tests::{Client, Reply, TestApp};

use super::{all_routes, numbered};

const METHODS: [&str; 9] = [
    "GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "PROPFIND",
];

async fn call(client: &Client, method: &str, path: &str) -> Reply {
    let method = Method::from_bytes(method.as_bytes()).unwrap();
    Reply::send(client.request(method, path)).await
}

/// Returns the methods of every path, with those outside the API.
fn paths() -> BTreeMap<String, BTreeSet<String>> {
    let mut paths: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for path in ["//healthz", "//readyz"] {
        paths.insert(path.to_owned(), BTreeSet::from(["GET".to_owned()]));
    }
    for (method, path) in all_routes() {
        paths.entry(path).or_default().insert(method.to_string());
    }
    for methods in paths.values_mut() {
        if methods.contains("GET") {
            methods.insert("HEAD".to_owned());
        }
    }
    paths
}

#[actix_web::test]
async fn a_wrong_method_is_405_with_the_allowed_methods() {
    let app = TestApp::new().await;

    for (path, methods) in paths() {
        let allow: Vec<_> = methods.iter().map(String::as_str).collect();
        for method in METHODS {
            if methods.contains(method) {
                continue;
            }
            let reply = call(&app.anonymous(), method, &numbered(&path, "1")).await;

            let reply = match method {
                "HEAD" => reply.expect_status(405),
                _ => reply.expect_problem(405, "method_not_allowed"),
            };
            let mut allowed: Vec<_> = reply.header("allow").split(", ").collect();
            allowed.sort_unstable();
            assert_eq!(allowed, allow, "{method} {path}");
        }
    }
}

#[actix_web::test]
async fn an_id_is_a_positive_integer_of_53_bits_written_in_one_way() {
    let app = TestApp::new().await;
    let bad = [
        "abc",
        "0",
        "-1",
        "+1",
        "007",
        "9007199254740992",
        "9223372036854775807",
        "9223372036854775808",
        "%00",
        "1.0",
        "1e3",
        "0x1",
        "%201",
        "1%2F2",
        "１",
        "null",
        "99999999999999999999999999",
    ];

    for (method, path) in all_routes() {
        for parameter in ["{id}", "{role_id}", "{session_id}", "{key_id}"] {
            if !path.contains(parameter) {
                continue;
            }
            for id in bad {
                let path = numbered(&path.replace(parameter, id), "1");
                let reply = call(&app.anonymous(), method.as_str(), &path).await;

                reply.expect_problem(400, "malformed_request");
            }
        }
    }
}

#[actix_web::test]
async fn the_largest_id_is_404() {
    let app = TestApp::new().await;

    let reply = app.anonymous().get("/posts/9007199254740991").await;

    reply.expect_problem(404, "not_found");
}

#[actix_web::test]
async fn a_path_with_a_trailing_slash_is_404() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (path, methods) in paths() {
        for method in methods.iter().filter(|method| *method != "HEAD") {
            let reply = call(&root, method, &format!("{}/", numbered(&path, "1"))).await;

            reply.expect_problem(404, "not_found");
        }
    }
}

#[actix_web::test]
async fn an_unknown_path_is_404_with_any_method() {
    let app = TestApp::new().await;
    let unknown = [
        "//api",
        "//api/v1",
        "//api/v2/posts",
        "//API/v1/posts",
        "//posts",
        "/nothing",
        "/Posts",
        "/posts/1/nothing",
        "/posts//comments",
        "/posts/1/comments/1",
        "/users/1/roles/1/2",
        "/auth",
        "/auth/nothing",
        "/auth/me/nothing",
        "//healthz/live",
    ];

    for path in unknown {
        for method in ["GET", "POST", "PUT", "PATCH", "DELETE", "OPTIONS"] {
            let reply = call(&app.anonymous(), method, path).await;

            reply.expect_problem(404, "not_found");
        }
    }
}
