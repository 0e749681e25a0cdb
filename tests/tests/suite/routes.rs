//! Rules for all routes, checked over the registry so that a new route is included from its first day.
mod bodies;
mod caching;
mod columns;
mod echoes;
mod encoded;
mod heads;
mod limits;
mod order;
mod parameters;
mod paths;
mod queries;
mod read_only;
mod safety;
pub mod samples;
mod secrets;

use api::routes::routes;
use reqwest::Method;
use tests::{Client, Reply, TestApp, json};
use web::BASE;

use crate::permissions::{self, Line};

/// The account routes that need no credentials.
const PUBLIC: [&str; 7] = [
    "POST /auth/register",
    "POST /auth/invite/accept",
    "POST /auth/one-time-tokens/check",
    "POST /auth/login",
    "POST /auth/password/forgot",
    "POST /auth/password/reset",
    "POST /auth/email/verify",
];

/// Whether a route needs no credentials. Beside the routes of [`PUBLIC`], these are reads that `permissions.txt` allows to
/// anonymous callers: on rows in no state do they get 401.
fn is_public(method: &Method, path: &str) -> bool {
    let lines = permissions::lines().iter();
    let of_route = |line: &&Line| line.method == method.as_str() && line.pattern() == path;
    let mut anonymous = lines.filter(of_route).filter_map(|line| line.statuses[0]);
    if path.starts_with("/auth/") || method != Method::GET {
        return PUBLIC.contains(&format!("{method} {path}").as_str());
    }
    let is_listed = anonymous.clone().next().is_some();
    is_listed && anonymous.all(|status| status != 401)
}

/// Returns the method and the path below the base of every route.
fn all_routes() -> Vec<(Method, String)> {
    let beneath = |path: &str| path.strip_prefix(BASE).unwrap().to_owned();
    routes()
        .into_iter()
        .map(|route| (route.method, beneath(&route.path)))
        .map(|(method, path)| {
            (
                Method::from_bytes(method.as_str().as_bytes()).unwrap(),
                path,
            )
        })
        .collect()
}

/// Replaces each parameter of a path with this id.
fn numbered(path: &str, id: &str) -> String {
    path.replace("{id}", id)
        .replace("{role_id}", id)
        .replace("{session_id}", id)
        .replace("{key_id}", id)
        .replace("{permission}", "posts.read")
}

/// Calls a route, with a sample body if it takes one.
async fn call(client: &Client, method: &Method, path: &str) -> Reply {
    let asked = samples::query(path);
    let request = client.request(method.clone(), numbered(path, "1") + asked);
    Reply::send(match samples::body(method, path) {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

#[actix_web::test]
async fn without_credentials_every_route_but_the_public_ones_answers_401() {
    let app = TestApp::new().await;

    for (method, path) in all_routes() {
        if is_public(&method, &path) {
            continue;
        }
        let reply = call(&app.anonymous(), &method, &path).await;

        assert_eq!(
            reply.status, 401,
            "{method} {path} answers callers who are not signed in. If they may read these rows, say so in permissions.txt, with \
             `may … read anonymous` or a line for this route; else take `PUBLIC` from the service, or `Rule::public` from the route"
        );
        let reply = reply.expect_problem(401, "unauthenticated");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[actix_web::test]
async fn every_route_refuses_bad_credentials() {
    let app = TestApp::new().await;
    let stranger = app.anonymous().with_token("no-such-token");

    for (method, path) in all_routes() {
        let reply = call(&stranger, &method, &path).await;

        let reply = reply.expect_problem(401, "unauthenticated");
        assert_eq!(
            reply.header("www-authenticate"),
            r#"Bearer error="invalid_token""#
        );
        assert_eq!(
            reply.body["detail"],
            "the token is not valid, or no longer valid: sign in again"
        );
    }
}

#[actix_web::test]
async fn credentials_other_than_one_bearer_token_are_refused() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let good = format!("Bearer {}", ada.token());
    let bad = [
        vec!["Basic YWRhOmFkYQ==".to_owned()],
        vec!["Bearer".to_owned()],
        vec![String::new()],
        vec![ada.token().to_owned()],
        vec![format!("{good}x")],
        vec![good.to_lowercase()],
        vec![good.clone(), good.clone()],
    ];

    for headers in bad {
        let request = app.anonymous().request(Method::GET, "/posts");
        let request = headers.iter().fold(request, |request, value| {
            request.header("authorization", value)
        });

        let reply = Reply::send(request).await;
        let reply = reply.expect_problem(401, "unauthenticated");
        let has_token =
            headers.len() == 1 && headers[0].starts_with(['b', 'B']) && headers[0].contains(' ');
        let has_token = has_token && !headers[0].starts_with("Basic");
        let challenge = reply.header("www-authenticate");
        assert_eq!(
            challenge.contains("invalid_token"),
            has_token,
            "{headers:?}"
        );
    }
    let lower = format!("bearer {}", ada.token());
    let request = app.anonymous().request(Method::GET, "/auth/me");
    Reply::send(request.header("authorization", lower))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn a_problem_names_its_request() {
    let app = TestApp::new().await;

    let reply = app.anonymous().get("/posts/7?no_such=1").await;

    let reply = reply.expect_problem(400, "malformed_request");
    assert_eq!(reply.body["instance"], "/api/v1/posts/7");
    assert_eq!(reply.body["errors"][0]["parameter"], "no_such");
    let taken = json!({ "login": 1 });
    let reply = app.anonymous().post("/auth/login", taken).await;
    let reply = reply.expect_problem(422, "validation_failed");
    assert_eq!(reply.body["errors"][0]["pointer"], "/login");
}
