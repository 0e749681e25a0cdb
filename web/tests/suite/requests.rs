//! The requests on a row, from create to purge, and their refusals.
use actix_web::http::Method;
use serde_json::json;

use crate::client::start;

#[actix_web::test]
async fn a_book_is_created_changed_deleted_and_restored() {
    let anonymous = start().await;
    let owner = anonymous.with_token("7");

    let created = owner
        .post("/books", json!({ "title": "Emma" }))
        .await
        .expect(201);
    assert_eq!(created.header("location"), "/api/v1/books/1");
    let read = anonymous.get("/books/1").await.expect(200);
    assert_eq!(read.json()["owner_id"], 7);
    assert_eq!(read.header("etag"), "\"1p\"");

    let patch = json!({ "title": "Persuasion" }).to_string();
    let matching = [("if-match", "\"1\"")];
    let changed = owner
        .send(Method::PATCH, "/books/1", &matching, &patch)
        .await
        .expect(200);
    assert_eq!(changed.header("etag"), "\"2\"");
    owner
        .send(Method::PATCH, "/books/1", &matching, &patch)
        .await
        .expect(412);
    let list = anonymous
        .get("/books?title=Persuasion&fields=title")
        .await
        .expect(200);
    assert_eq!(
        list.json()["data"],
        json!([{ "id": 1, "title": "Persuasion" }])
    );

    owner
        .send(Method::DELETE, "/books/1", &[], "")
        .await
        .expect(204);
    anonymous.get("/books/1").await.expect(404);
    owner.post("/books/1/restore", json!({})).await.expect(200);
    anonymous.get("/books/1").await.expect(200);
}

#[actix_web::test]
async fn every_failure_is_a_problem_that_says_what_is_wrong() {
    let anonymous = start().await;
    let (owner, other) = (anonymous.with_token("7"), anonymous.with_token("8"));
    owner
        .post("/books", json!({ "title": "Emma" }))
        .await
        .expect(201);

    for (reply, status, code) in [
        (
            anonymous.post("/books", json!({ "title": "x" })).await,
            401,
            "unauthenticated",
        ),
        (
            anonymous.with_token("x").get("/books").await,
            401,
            "unauthenticated",
        ),
        (
            other.send(Method::DELETE, "/books/1", &[], "").await,
            403,
            "forbidden",
        ),
        (anonymous.get("/books/2").await, 404, "not_found"),
        (anonymous.get("/nothing").await, 404, "not_found"),
        (
            anonymous.send(Method::PUT, "/books", &[], "").await,
            405,
            "method_not_allowed",
        ),
        (
            owner.post("/books", json!({ "title": "Emma" })).await,
            409,
            "conflict",
        ),
    ] {
        assert_eq!(reply.header("content-type"), "application/problem+json");
        assert_eq!(reply.expect(status).json()["code"], code);
    }
    let refused = owner
        .post("/books", json!({ "title": " " }))
        .await
        .expect(422);
    assert_eq!(refused.json()["errors"][0]["pointer"], "/title");
    let refused = anonymous.get("/books?colour=red").await.expect(400);
    assert_eq!(refused.json()["errors"][0]["parameter"], "colour");
}

#[actix_web::test]
async fn a_retry_with_the_same_key_has_no_second_effect() {
    let anonymous = start().await;
    let owner = anonymous.with_token("7");
    let (key, body) = (
        [("idempotency-key", "k1")],
        json!({ "title": "Emma" }).to_string(),
    );

    let first = owner
        .send(Method::POST, "/books", &key, &body)
        .await
        .expect(201);
    let second = owner
        .send(Method::POST, "/books", &key, &body)
        .await
        .expect(201);

    assert_eq!(first.json(), second.json());
    assert_eq!(second.header("idempotency-replayed"), "true");
}
