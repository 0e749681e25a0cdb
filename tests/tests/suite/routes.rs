//! Rules for all routes, checked over the registry so that a new route is included from its first day.
mod bodies;
mod caching;
mod columns;
mod echoes;
mod encoded;
mod heads;
mod limits;
mod order;
mod paths;
mod queries;
mod safety;
mod samples;
mod secrets;

use api::routes::routes;
use reqwest::Method;
use tests::{Client, Reply, TestApp, json};
use web::BASE;

/// The only ones that ask nobody who they are.
const PUBLIC: [&str; 20] = [
    "POST /auth/register",
    "POST /auth/invite/accept",
    "POST /auth/login",
    "POST /auth/password/forgot",
    "POST /auth/password/reset",
    "POST /auth/email/verify",
    "GET /users",
    "GET /users/stats",
    "GET /users/export",
    "GET /users/{id}",
    "GET /users/{id}/posts",
    "GET /posts",
    "GET /posts/stats",
    "GET /posts/export",
    "GET /posts/{id}",
    "GET /posts/{id}/comments",
    "GET /comments",
    "GET /comments/stats",
    "GET /comments/export",
    "GET /comments/{id}",
];

/// Method and path beneath the base, with its parameters.
fn all() -> Vec<(Method, String)> {
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

/// A path with a number for each of its parameters.
fn numbered(path: &str, id: &str) -> String {
    path.replace("{id}", id).replace("{role_id}", id)
}

/// With a body that the route takes, if it takes one.
async fn call(client: &Client, method: &Method, path: &str) -> Reply {
    let asked = samples::query(path);
    let request = client.request(method.clone(), numbered(path, "1") + asked);
    Reply::of(match samples::of(method, path) {
        Some(body) => request.json(&body),
        None => request,
    })
    .await
}

#[actix_web::test]
async fn without_credentials_every_route_but_the_public_ones_answers_401() {
    let app = TestApp::new().await;

    for (method, path) in all() {
        if PUBLIC.contains(&format!("{method} {path}").as_str()) {
            continue;
        }
        let reply = call(&app.anonymous(), &method, &path).await;

        let reply = reply.expect_problem(401, "unauthenticated");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[actix_web::test]
async fn bad_credentials_are_refused_by_every_route_the_public_ones_too() {
    let app = TestApp::new().await;
    let stranger = app.anonymous().with_token("no-such-token");

    for (method, path) in all() {
        let reply = call(&stranger, &method, &path).await;

        let reply = reply.expect_problem(401, "unauthenticated");
        assert_eq!(reply.header("www-authenticate"), "Bearer");
    }
}

#[actix_web::test]
async fn credentials_that_are_no_bearer_token_are_bad_ones() {
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

        Reply::of(request)
            .await
            .expect_problem(401, "unauthenticated");
    }
    let lower = format!("bearer {}", ada.token());
    let request = app.anonymous().request(Method::GET, "/auth/me");
    Reply::of(request.header("authorization", lower))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn a_problem_names_the_request_that_it_is_about() {
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
