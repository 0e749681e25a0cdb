//! The rule of an additional route is declared once and enforced before the handler runs.
use actix_web::http::Method;
use kernel::{Actor, Database, Kernel, migration};
use serde_json::json;
use web::{Fixed, Http, prelude::*, settings::HttpSettings};

use crate::{
    books::{BookView, routes},
    client::start,
};

#[actix_web::test]
async fn a_route_is_refused_by_its_rule_although_its_handler_checks_nothing() {
    let anonymous = start().await;
    let owner = anonymous.with_token("7");
    owner
        .post("/books", json!({ "title": "Emma" }))
        .await
        .expect(201);

    let shelf = anonymous.get("/books/1/shelf").await.expect(200);
    assert_eq!(shelf.json(), json!({ "shelf": 1 }));
    anonymous.get("/books/2/shelf").await.expect(404);

    owner
        .send(Method::DELETE, "/books/1", &[], "")
        .await
        .expect(204);
    anonymous.get("/books/1/shelf").await.expect(404);
}

#[actix_web::test]
async fn a_change_of_our_own_follows_the_rules_of_the_row() {
    let anonymous = start().await;
    let (owner, other) = (anonymous.with_token("7"), anonymous.with_token("8"));
    owner
        .post("/books", json!({ "title": "Emma" }))
        .await
        .expect(201);

    anonymous.post("/books/1/lend", json!({})).await.expect(401);
    other.post("/books/1/lend", json!({})).await.expect(403);
    let stale = [("if-match", "\"9\"")];
    owner
        .send(Method::POST, "/books/1/lend", &stale, "")
        .await
        .expect(412);
    let lent = owner.post("/books/1/lend", json!({})).await.expect(200);

    assert_eq!(lent.json()["is_lent"], true);
}

#[actix_web::test]
async fn a_route_that_is_mounted_twice_fails_at_the_start() {
    let database = Database::in_memory(migration::steps).await.unwrap();
    let kernel = Kernel::for_tables(database, Vec::new());
    let twice = || routes().into_iter().chain(resource::<BookView>()).collect();

    let refused = Http::new(
        &HttpSettings::default(),
        kernel,
        Fixed(Actor::System),
        twice,
    );

    let error = refused.err().unwrap().to_string();
    assert_eq!(error, "GET /api/v1/books is mounted twice");
}
