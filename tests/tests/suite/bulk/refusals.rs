//! A refused bulk request says where the error is, and writes nothing.
use futures_util::future::{join, join_all};
use serde_json::Value;
use service::identity::Identity;
use tests::{Client, PASSWORD, Reply, TestApp, json};

use super::{bulk, create, post};

#[track_caller]
fn pointers(reply: &Reply) -> Vec<(String, String)> {
    let errors = reply.body["errors"].as_array().unwrap().iter();
    let text = |value: &Value| value.as_str().unwrap().to_owned();
    let mut pointers: Vec<_> = errors
        .map(|error| (text(&error["pointer"]), text(&error["code"])))
        .collect();
    pointers.sort();
    pointers
}

fn refusal(pointer: &str, code: &str) -> (String, String) {
    (pointer.to_owned(), code.to_owned())
}

async fn is_empty(who: &Client) -> bool {
    who.get("/posts").await.ids().is_empty()
}

#[actix_web::test]
async fn violated_limits_of_all_operations_are_reported_together() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let operations = json!([
        create("Fine"),
        { "op": "create", "data": { "title": " ", "content": "" } },
        { "op": "update", "data": { "title": "x" } },
        { "op": "delete", "id": 1, "data": {} },
        { "op": "create", "id": 1, "data": post("Fine") },
        { "op": "update", "id": 1, "data": { "titel": "x" } },
        { "op": "update", "id": 1, "data": { "title": 1 } },
        { "op": "create" },
        { "op": "delete", "id": 9_007_199_254_740_992_i64 },
    ]);
    let reply = bulk(&ada, "posts", operations)
        .await
        .expect_problem(422, "validation_failed");

    assert_eq!(
        pointers(&reply),
        [
            refusal("/operations/1/data/content", "required"),
            refusal("/operations/1/data/title", "required"),
            refusal("/operations/2/id", "required"),
            refusal("/operations/3/data", "not_allowed"),
            refusal("/operations/4/id", "not_allowed"),
            refusal("/operations/5/data/titel", "unknown_field"),
            refusal("/operations/6/data/title", "wrong_type"),
            refusal("/operations/7/data", "required"),
            refusal("/operations/8/id", "out_of_range"),
        ]
    );
    assert!(is_empty(&ada).await);
}

#[actix_web::test]
async fn the_form_of_a_bulk_is_checked_like_any_body() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let refused = [
        (json!({}), "/operations"),
        (json!({ "operations": null }), "/operations"),
        (
            json!({ "operations": vec![create("x"); 1_001] }),
            "/operations",
        ),
        (json!({ "operations": [create("x")], "more": 1 }), "/more"),
        (
            json!({ "operations": [{ "op": "restore", "id": 1 }] }),
            "/operations/0/op",
        ),
        (
            json!({ "operations": [{ "op": "delete", "id": "1" }] }),
            "/operations/0/id",
        ),
        (
            json!({ "operations": [{ "op": "delete", "id": null }] }),
            "/operations/0/id",
        ),
        (
            json!({ "operations": [{ "op": "delete", "id": 0 }] }),
            "/operations/0/id",
        ),
        (
            json!({ "operations": [{ "op": "delete", "id": 1, "version": null }] }),
            "/operations/0/version",
        ),
        (
            json!({ "operations": [{ "op": "delete", "id": 1, "version": 0 }] }),
            "/operations/0/version",
        ),
        (
            json!({ "operations": [{ "op": "create", "data": { "title": "\0", "content": "…" } }] }),
            "/operations/0/data/title",
        ),
        (
            json!({ "operations": [{ "op": "create", "data": [] }] }),
            "/operations/0/data",
        ),
    ];

    for (body, pointer) in refused {
        let reply = ada
            .post("/posts/bulk", body)
            .await
            .expect_problem(422, "validation_failed");
        assert_eq!(
            reply.body["errors"][0]["pointer"], pointer,
            "{}",
            reply.text
        );
    }
    assert!(is_empty(&ada).await);
}

#[actix_web::test]
async fn a_refused_row_undoes_the_whole_bulk() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let mine = ada.publish("Mine").await.id();
    let theirs = bob.publish("Theirs").await.id();
    let draft = bob
        .post("/posts", json!({ "title": "Draft", "content": "…" }))
        .await
        .id();
    let cases = [
        (
            json!({ "op": "update", "id": theirs, "data": { "title": "x" } }),
            403,
            refusal("/operations/2", "forbidden"),
        ),
        (
            json!({ "op": "delete", "id": theirs }),
            403,
            refusal("/operations/2", "forbidden"),
        ),
        (
            json!({ "op": "update", "id": draft, "data": { "title": "x" } }),
            404,
            refusal("/operations/2", "not_found"),
        ),
        (
            json!({ "op": "delete", "id": 999 }),
            404,
            refusal("/operations/2", "not_found"),
        ),
        (
            json!({ "op": "update", "id": mine, "version": 9, "data": { "title": "x" } }),
            412,
            refusal("/operations/2/version", "stale"),
        ),
        (
            json!({ "op": "update", "id": mine, "data": { "slug": "theirs" } }),
            409,
            refusal("/operations/2/data/slug", "taken"),
        ),
        (
            json!({ "op": "create", "data": { "title": "x", "content": "…", "slug": "theirs" } }),
            409,
            refusal("/operations/2/data/slug", "taken"),
        ),
        (
            json!({ "op": "create", "data": { "title": "x", "content": "…", "author_id": bob.id } }),
            403,
            refusal("/operations/2", "forbidden"),
        ),
    ];

    for (operation, status, place) in cases {
        let operations = json!([create("New"), create("New"), operation]);
        let reply = bulk(&ada, "posts", operations).await.expect_status(status);

        assert_eq!(pointers(&reply), [place], "{}", reply.text);
    }
    assert_eq!(ada.get("/posts").await.ids().len(), 2);
    let read = ada.get(&format!("/posts/{mine}")).await;
    assert_eq!(read.body["version"], 1);
}

/// The answer has the status of the first refusal, and lists all refusals of operations that are written together.
#[actix_web::test]
async fn refusals_of_a_group_are_reported_together() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await.publish("Theirs").await.id();
    let (one, two) = (ada.publish("One").await.id(), ada.publish("Two").await.id());

    let operations = json!([
        { "op": "update", "id": one, "data": { "slug": "theirs" } },
        { "op": "update", "id": bob, "data": { "title": "x" } },
        { "op": "update", "id": two, "data": { "slug": "theirs" } },
        { "op": "update", "id": 999, "data": { "title": "x" } },
        { "op": "delete", "id": 999 },
    ]);
    let reply = bulk(&ada, "posts", operations)
        .await
        .expect_problem(409, "conflict");

    assert_eq!(
        pointers(&reply),
        [
            refusal("/operations/0/data/slug", "taken"),
            refusal("/operations/1", "forbidden"),
            refusal("/operations/2/data/slug", "taken"),
            refusal("/operations/3", "not_found"),
        ]
    );
}

/// Otherwise any caller could fill the hashing queue.
#[actix_web::test]
async fn no_password_is_hashed_for_a_caller_who_may_not_create_users() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let user = json!({ "username": "eve", "email": "eve@example.org", "password": PASSWORD });
    let operations = json!([{ "op": "create", "data": user }]);

    let full =
        join_all((0..64).map(|_| app.kernel.state::<Identity>().hasher.hash(PASSWORD.into())));
    let (_, reply) = join(full, bulk(&ada, "users", operations)).await;

    reply.expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn comments_in_a_bulk_need_existing_posts() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await.id();
    let draft = ada
        .post("/posts", json!({ "title": "Draft", "content": "…" }))
        .await
        .id();

    let on = |post: i64| json!({ "op": "create", "data": { "post_id": post, "body": "…" } });
    let reply = bulk(&ada, "comments", json!([on(post), on(draft), on(999)])).await;

    let reply = reply.expect_problem(422, "validation_failed");
    assert_eq!(
        pointers(&reply),
        [
            refusal("/operations/1/data/post_id", "not_allowed"),
            refusal("/operations/2/data/post_id", "not_found"),
        ]
    );
    assert!(ada.get("/comments").await.ids().is_empty());
}

#[actix_web::test]
async fn versions_are_required_if_the_configuration_says_so() {
    let app = TestApp::with(|knobs| knobs.api.require_if_match = true).await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await.id();

    let delete = json!([create("New"), { "op": "delete", "id": post }]);
    let reply = bulk(&ada, "posts", delete)
        .await
        .expect_problem(428, "precondition_required");
    assert_eq!(
        pointers(&reply),
        [refusal("/operations/1/version", "required")]
    );

    let delete = json!([{ "op": "delete", "id": post, "version": 1 }]);
    bulk(&ada, "posts", delete).await.expect_status(200);
}

#[actix_web::test]
async fn a_bulk_has_its_own_size_limit() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let large = json!({ "op": "create", "data": { "title": "x", "content": "x".repeat(99_999) } });

    bulk(&ada, "posts", vec![large.clone(); 20].into())
        .await
        .expect_status(200);
    bulk(&ada, "posts", vec![large; 170].into())
        .await
        .expect_problem(413, "payload_too_large");
}
