//! Bodies: what is refused before any row is read, by every route that takes one.
use reqwest::Method;
use serde_json::{Map, Value};
use tests::{Client, Reply, TestApp, json};

use super::{numbered, samples::bodies};

/// Sends a request of a superuser, so that only the body can be wrong.
async fn send(
    root: &Client,
    method: &Method,
    path: &str,
    headers: &[(&str, &str)],
    body: impl Into<Vec<u8>>,
) -> Reply {
    let request = root.request(method.clone(), numbered(path, "4711"));
    let request = headers.iter().fold(request, |request, (name, value)| {
        request.header(*name, *value)
    });
    Reply::send(request.body(body.into())).await
}

const JSON: (&str, &str) = ("content-type", "application/json");

#[actix_web::test]
async fn a_body_without_the_json_type_is_415() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (method, path, body) in bodies() {
        let refused: [&[(&str, &str)]; 7] = [
            &[],
            &[("content-type", "text/plain")],
            &[("content-type", "application/x-www-form-urlencoded")],
            &[("content-type", "application/jsonp")],
            &[JSON, ("content-encoding", "gzip")],
            &[JSON, ("content-encoding", "br")],
            &[JSON, ("content-encoding", "identity, gzip")],
        ];
        for headers in refused {
            let reply = send(&root, &method, &path, headers, body.to_string()).await;

            reply.expect_problem(415, "unsupported_media_type");
        }
    }
}

/// `identity` says that the body is as it is (RFC 9110, section 8.4.1).
#[actix_web::test]
async fn identity_is_no_encoding_on_any_route() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for encoding in [
        "identity",
        "Identity",
        "identity, IDENTITY",
        "identity,",
        "",
    ] {
        for (method, path, _) in bodies() {
            let headers = [JSON, ("content-encoding", encoding)];
            let reply = send(&root, &method, &path, &headers, "[]").await;
            reply.expect_problem(422, "validation_failed");
        }
        let row = json!({ "title": "Title", "content": "…" }).to_string();
        let request = root
            .request(Method::POST, "/posts/import")
            .header("content-type", "application/x-ndjson")
            .header("content-encoding", encoding);
        Reply::send(request.body(row)).await.expect_status(200);
    }
}

#[actix_web::test]
async fn only_patch_accepts_the_merge_patch_type() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (method, path, _) in bodies() {
        let kind = ("content-type", "application/merge-patch+json");
        let reply = send(&root, &method, &path, &[kind], "[]").await;

        match method {
            Method::PATCH => reply.expect_problem(422, "validation_failed"),
            _ => reply.expect_problem(415, "unsupported_media_type"),
        };
    }
}

#[actix_web::test]
async fn a_body_that_is_not_strict_json_is_400() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let bad: [&[u8]; 11] = [
        b"{",
        b"{}x",
        b"{'a':1}",
        b"{\"a\":01}",
        b"{\"a\":1,}",
        b"NaN",
        b"{\"a\":\"\xff\"}",
        b"{\"a\":\"\\ud800\"}",
        b"{\"a\":1,\"a\":1}",
        b"{\"a\":1,\"\\u0061\":1}",
        b"{\"a\":{\"b\":1,\"b\":2}}",
    ];

    for (method, path, _) in bodies() {
        for body in bad {
            let reply = send(&root, &method, &path, &[JSON], body).await;

            reply.expect_problem(400, "malformed_request");
        }
        if !path.ends_with("/restore") {
            let reply = send(&root, &method, &path, &[JSON], "").await;

            reply.expect_problem(400, "malformed_request");
        }
    }
}

#[actix_web::test]
async fn json_is_read_to_a_depth_of_64() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let lists = |depth: usize| {
        format!(
            "{{\"a\":{}{}}}",
            "[".repeat(depth - 1),
            "]".repeat(depth - 1)
        )
    };
    let objects = |depth: usize| format!("{}1{}", "{\"a\":".repeat(depth), "}".repeat(depth));

    for (method, path, _) in bodies() {
        for (body, too_deep) in [(lists(64), lists(65)), (objects(64), objects(65))] {
            let reply = send(&root, &method, &path, &[JSON], body).await;
            let refused = send(&root, &method, &path, &[JSON], too_deep).await;

            reply
                .expect_problem(422, "validation_failed")
                .expect_error_at("/a");
            refused.expect_problem(400, "malformed_request");
        }
        let refused = send(&root, &method, &path, &[JSON], "[".repeat(100_000)).await;
        refused.expect_problem(400, "malformed_request");
    }
}

/// Small brackets make large trees.
#[actix_web::test]
async fn a_body_of_too_many_values_is_400() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for item in ["{}", "0"] {
        let many = vec![item; 300_000].join(",");
        let body = format!("{{\"operations\":[{many}]}}");
        let reply = send(&root, &Method::POST, "/posts/bulk", &[JSON], body).await;

        reply.expect_problem(400, "malformed_request");
    }
}

#[actix_web::test]
async fn a_body_that_is_not_an_object_is_422() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (method, path, _) in bodies() {
        for body in ["[]", "[1]", "\"a\"", "1", "null", "true"] {
            let reply = send(&root, &method, &path, &[JSON], body).await;

            reply
                .expect_problem(422, "validation_failed")
                .expect_error_at("");
        }
    }
}

#[actix_web::test]
async fn an_unknown_field_is_422_and_named() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    // Columns that are nobody's to set, and names that need escaping (RFC 6901, section 3).
    let unknown = [
        ("no_such", "/no_such"),
        ("id", "/id"),
        ("version", "/version"),
        ("created_at", "/created_at"),
        ("deleted_at", "/deleted_at"),
        ("deletion_id", "/deletion_id"),
        ("is_system", "/is_system"),
        ("password_hash", "/password_hash"),
        ("username_key", "/username_key"),
        ("published_at", "/published_at"),
        ("roles", "/roles"),
        ("", "/"),
        ("a/b~c", "/a~1b~0c"),
    ];

    for (method, path, body) in bodies() {
        for (field, pointer) in unknown {
            let is_read = crate::samples::may_send_back(method.as_str(), &path, field);
            if is_read || body.get(field).is_some() {
                continue;
            }
            let mut body = body.clone();
            body[field] = 1.into();
            let reply = send(&root, &method, &path, &[JSON], body.to_string()).await;

            reply
                .expect_problem(422, "validation_failed")
                .expect_error_at(pointer);
        }
    }
}

#[actix_web::test]
async fn a_null_character_is_422_in_every_text() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (method, path, sample) in bodies() {
        for (field, value) in sample.as_object().unwrap() {
            let (bad, pointer) = match value {
                Value::String(text) => (format!("{text}\0").into(), format!("/{field}")),
                Value::Array(_) => (Value::from(vec!["\0"]), format!("/{field}/0")),
                _ => continue,
            };
            let mut body = sample.clone();
            body[field] = bad;
            let reply = send(&root, &method, &path, &[JSON], body.to_string()).await;

            reply
                .expect_problem(422, "validation_failed")
                .expect_error_at(&pointer);
        }
    }
}

#[actix_web::test]
async fn a_field_of_another_type_is_422_and_named() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (method, path, sample) in bodies() {
        for (field, value) in sample.as_object().unwrap() {
            let others = [
                Value::from(1.5),
                Value::from(vec![Value::Null]),
                Map::new().into(),
                (!0_u64).into(),
            ];
            // A floating-point column takes any number.
            let is_accepted = |other: &Value| value.is_f64() && other.is_number();
            for other in others.into_iter().filter(|other| !is_accepted(other)) {
                let mut body = sample.clone();
                body[field] = other;
                let reply = send(&root, &method, &path, &[JSON], body.to_string()).await;

                let reply = reply.expect_problem(422, "validation_failed");
                let at = reply.places()[0].to_owned();
                assert!(
                    at.starts_with(&format!("/{field}")),
                    "{method} {path} {field} {value}: {at}"
                );
            }
        }
    }
}
