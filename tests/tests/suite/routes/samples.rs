//! A body with every field for each route that takes one.
use reqwest::Method;
use serde_json::Value;
use tests::{PASSWORD, TestApp, json};

use super::{all_routes, numbered};
use crate::samples::{patch, resource_of, sample, takes_body};

/// The text in the samples.
const TEXT: &str = "somebody";

/// Returns a body that a superuser may send, or `None` if the route takes no body.
pub fn body(method: &Method, path: &str) -> Option<Value> {
    let resource = resource_of(path);
    let verb = path.rsplit('/').next().unwrap_or_default();
    Some(match (method.as_str(), path) {
        ("POST", "/auth/register") => json!({
            "username": "somebody", "email": "somebody@example.org", "full_name": "Some Body", "bio": "…",
            "password": PASSWORD,
        }),
        ("POST", "/auth/login" | "/auth/cookie") => {
            json!({ "login": "somebody", "password": PASSWORD, "otp": "000000" })
        }
        ("POST", "/auth/refresh") => json!({ "refresh_token": "rt_" }),
        ("POST", "/auth/invite/accept") => {
            let register = body(method, "/auth/register");
            json!({ "token": "token", "account": register })
        }
        ("POST", "/auth/one-time-tokens/check") => json!({ "token": "token" }),
        ("POST", "/auth/password") => {
            json!({ "current_password": PASSWORD, "new_password": "another password" })
        }
        ("POST", "/auth/totp") => json!({ "current_password": PASSWORD }),
        ("POST", "/auth/totp/confirm") | ("DELETE", "/auth/totp") => json!({ "otp": "000000" }),
        ("POST", "/auth/api-keys") => json!({
            "name": "Backup", "scopes": ["posts.read"], "expires_at": "2999-01-01T00:00:00Z",
        }),
        ("PUT", "/system/mode") => json!({ "mode": "read_write" }),
        ("POST", "/auth/password/forgot") => json!({ "email": "somebody@example.org" }),
        ("POST", "/auth/password/reset" | "/auth/email/verify") => {
            json!({ "token": "token", "password": PASSWORD })
        }
        ("PATCH", "/auth/me") => {
            let mut body = patch("users", TEXT);
            body["current_password"] = PASSWORD.into();
            body
        }
        ("POST", "/posts/{id}/comments") => {
            let mut body = sample("comments", TEXT);
            body.as_object_mut()?.remove("post_id");
            body
        }
        ("POST", _) if resource == Some(verb) => sample(verb, TEXT),
        ("PATCH", _) if resource.is_some() && verb == "{id}" => patch(resource?, TEXT),
        ("POST", _) if verb == "bulk" => {
            let data = body(method, path.strip_suffix("/bulk")?);
            json!({ "operations": [{ "op": "create", "data": data }] })
        }
        ("POST", _) if verb == "restore" => {
            return body(&Method::PATCH, path.strip_suffix("/restore")?);
        }
        ("GET" | "PUT" | "DELETE", _) | ("POST", "/auth/logout" | "/auth/email/verify/resend") => {
            return None;
        }
        ("POST", _) if verb == "purge" => return None,
        // Text of any length, which tests/suite/transfer sends.
        ("POST", _) if verb == "import" => return None,
        ("POST", _) if verb == "revert" => json!({ "version": 1 }),
        _ if !takes_body(method.as_str(), path) => return None,
        _ => panic!("{method} {path}: say in tests/tests/suite/routes/samples.rs what it takes"),
    })
}

/// Returns the required query of a route.
pub fn query(path: &str) -> &'static str {
    match path {
        "/auth/explain" => "?method=GET&path=/api/v1/posts",
        _ => "",
    }
}

/// Returns every route that takes a body, with a sample.
pub fn bodies() -> Vec<(Method, String, Value)> {
    let with_body = |(method, path): (Method, String)| {
        let body = body(&method, &path)?;
        Some((method, path, body))
    };
    all_routes().into_iter().filter_map(with_body).collect()
}

/// The refusal of an unknown field lists the known ones.
#[actix_web::test]
async fn the_samples_have_every_field() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;

    for (method, path, body) in bodies() {
        let request = root.request(method.clone(), numbered(&path, "1"));
        let unknown = request.json(&json!({ "no_such_field": 1 }));
        let reply = tests::Reply::send(unknown).await.expect_status(422);

        let detail = reply.body["errors"][0]["detail"].as_str().unwrap();
        let (_, names) = detail.split_once("expected ").unwrap();
        let names = names.trim_start_matches("one of ").split(", ");
        let mut declared: Vec<_> = names.map(|name| name.trim_matches('`')).collect();
        declared.sort_unstable();
        let mut sampled: Vec<_> = body.as_object().unwrap().keys().collect();
        sampled.sort_unstable();
        assert_eq!(sampled, declared, "{method} {path}: {detail}");
    }
}
