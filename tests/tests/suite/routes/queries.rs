//! A route refuses query parameters that it does not know.
use reqwest::Method;
use tests::{Reply, TestApp};

use super::{all_routes, numbered};

#[actix_web::test]
async fn an_unknown_parameter_is_400_and_named_on_every_route() {
    let app = TestApp::new().await;

    for (method, path) in all_routes() {
        let path = format!("{}?no_such=1", numbered(&path, "1"));
        let reply = Reply::send(app.anonymous().request(method, path)).await;

        reply
            .expect_problem(400, "malformed_request")
            .expect_error_at("no_such");
    }
}

#[actix_web::test]
async fn a_query_string_that_is_badly_encoded_is_400_on_every_route() {
    let app = TestApp::new().await;

    for (method, path) in all_routes() {
        for query in ["a=%zz", "a=%f", "%", "a=%ff", "a=%c3%28", "%00=a", "a=%00"] {
            let path = format!("{}?{query}", numbered(&path, "1"));
            let reply = Reply::send(app.anonymous().request(method.clone(), path)).await;

            reply.expect_problem(400, "malformed_request");
        }
    }
}

#[actix_web::test]
async fn all_refused_parameters_are_reported_together() {
    let app = TestApp::new().await;

    let reply = app
        .anonymous()
        .get("/posts?no_such=1&limit=0&offset=x&sort=nothing&count=some&deleted=maybe")
        .await;

    let reply = reply.expect_problem(400, "malformed_request");
    assert_eq!(
        reply.places(),
        ["count", "deleted", "limit", "no_such", "offset", "sort"]
    );
}

#[actix_web::test]
async fn a_parameter_given_twice_is_400() {
    let app = TestApp::new().await;

    for query in [
        "limit=1&limit=1",
        "status=draft&status=published",
        "sort=id&sort=id",
    ] {
        let reply = app.anonymous().get(format!("/posts?{query}")).await;

        reply.expect_problem(400, "malformed_request");
    }
}

#[actix_web::test]
async fn an_empty_query_string_is_ignored() {
    let app = TestApp::new().await;

    for path in ["/posts?", "/posts?&", "/users?"] {
        let reply = Reply::send(app.anonymous().request(Method::GET, path)).await;

        reply.expect_status(200);
    }
}
