//! `POST /{resource}/bulk` is atomic and follows the rules of single writes (contract §11).
mod refusals;
mod rows;
mod same;
mod users;

use serde_json::Value;
use tests::{Client, Reply, TestApp, json};

use crate::posts::slugs::expect_varied;

async fn bulk(who: &Client, resource: &str, operations: Value) -> Reply {
    let body = json!({ "operations": operations });
    who.post(&format!("/{resource}/bulk"), body).await
}

fn post(title: &str) -> Value {
    json!({ "title": title, "content": "…", "status": "published" })
}

fn create(title: &str) -> Value {
    json!({ "op": "create", "data": post(title) })
}

#[actix_web::test]
async fn operations_run_in_order() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let (old, gone) = (
        ada.publish("Old").await.id(),
        ada.publish("Gone").await.id(),
    );

    let operations = json!([
        { "op": "update", "id": old, "version": 1, "data": { "title": "New" } },
        { "op": "update", "id": old, "version": 2, "data": { "slug": "newer" } },
        { "op": "delete", "id": gone },
        create("Gone"),
        create("Gone"),
        { "op": "update", "id": old, "data": { "slug": "newer" } },
    ]);
    let done = bulk(&ada, "posts", operations).await.expect_status(200);

    let ids: Vec<_> = (0..6)
        .map(|place| done.body["results"][place]["id"].as_i64().unwrap())
        .collect();
    let result = |place: usize| {
        let result = &done.body["results"][place];
        (
            result["op"].clone(),
            result["id"].as_i64().unwrap(),
            result["version"].clone(),
        )
    };
    assert_eq!(result(0), (json!("update"), old, json!(2)));
    assert_eq!(result(1), (json!("update"), old, json!(3)));
    assert_eq!(result(2), (json!("delete"), gone, json!(2)));
    assert_eq!(
        result(5),
        (json!("update"), old, json!(3)),
        "changes nothing"
    );
    let slug = async |id: i64| {
        ada.get(&format!("/posts/{id}"))
            .await
            .expect_status(200)
            .body["slug"]
            .clone()
    };
    assert_eq!(slug(ids[3]).await, "gone", "it was free again");
    expect_varied(slug(ids[4]).await.as_str().unwrap(), "gone", 4);
    assert_eq!(slug(old).await, "newer");
    ada.get(&format!("/posts/{gone}")).await.expect_status(404);
}

#[actix_web::test]
async fn posts_with_one_title_in_a_bulk_get_different_slugs() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    ada.publish("Same").await;
    let mut operations: Vec<_> = (0..40).map(|_| create("Same")).collect();
    let mut chosen = post("Other");
    chosen["slug"] = "chosen".into();
    operations.insert(7, json!({ "op": "create", "data": chosen }));

    bulk(&ada, "posts", operations.into())
        .await
        .expect_status(200);

    let list = ada.get("/posts?limit=100&sort=id&fields=slug").await;
    let slugs: Vec<_> = list.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|row| row["slug"].as_str().unwrap())
        .collect();
    let distinct: std::collections::HashSet<_> = slugs.iter().collect();
    assert_eq!((slugs.len(), distinct.len()), (42, 42), "{slugs:?}");
    assert!(slugs.contains(&"chosen"), "{slugs:?}");
}

#[actix_web::test]
async fn unique_values_can_be_swapped_within_a_bulk() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let (one, two) = (ada.publish("One").await.id(), ada.publish("Two").await.id());

    let operations = json!([
        { "op": "update", "id": two, "data": { "slug": "three" } },
        { "op": "update", "id": one, "data": { "slug": "two" } },
    ]);
    bulk(&ada, "posts", operations).await.expect_status(200);

    let read = ada.get(&format!("/posts/{one}")).await;
    assert_eq!(read.body["slug"], "two");
}

#[actix_web::test]
async fn fields_of_every_type_are_changed_in_bulk() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let role = |name: &str| {
        let data = json!({ "name": name, "description": name, "permissions": ["posts.read"] });
        json!({ "op": "create", "data": data })
    };
    let made = bulk(&root, "roles", json!([role("one"), role("two")]))
        .await
        .expect_status(200);
    let id = |place: usize| made.body["results"][place]["id"].clone();

    let operations = json!([
        { "op": "update", "id": id(0), "data": { "description": null } },
        { "op": "update", "id": id(1), "data": { "permissions": ["posts.*", "users.read"] } },
    ]);
    bulk(&root, "roles", operations).await.expect_status(200);

    let one = root.get(format!("/roles/{}", id(0))).await.body;
    let two = root.get(format!("/roles/{}", id(1))).await.body;
    assert_eq!(
        (&one["description"], &one["permissions"]),
        (&json!(null), &json!(["posts.read"]))
    );
    assert_eq!(two["description"], "two");
    assert_eq!(two["permissions"], json!(["posts.*", "users.read"]));
}

#[actix_web::test]
async fn a_bulk_has_one_audit_entry_per_row_with_one_request_id() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (one, two) = (
        root.publish("One").await.id(),
        root.publish("Two").await.id(),
    );
    root.comment(two, "…").await;

    let operations = json!([
        create("Three"), create("Four"),
        { "op": "update", "id": one, "data": { "title": "1" } },
        { "op": "delete", "id": two },
    ]);
    let request = bulk(&root, "posts", operations).await.expect_status(200);

    let request = request.header("x-request-id");
    let entries = root
        .get(&format!("/audit?request_id={request}&sort=id"))
        .await
        .expect_status(200);
    let actions: Vec<_> = entries.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|entry| {
            format!(
                "{} {}",
                entry["action"].as_str().unwrap(),
                entry["resource"].as_str().unwrap()
            )
        })
        .collect();
    assert_eq!(
        actions,
        [
            "created posts",
            "created posts",
            "updated posts",
            "deleted posts",
            "deleted comments"
        ]
    );
}

#[actix_web::test]
async fn statements_do_not_grow_with_the_operations() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let mut counts = Vec::new();

    for many in [16, 64] {
        let titles: Vec<_> = (0..many)
            .map(|place| format!("Post {many} {}", place / 2))
            .collect();
        app.statements.take();
        let creates = titles.iter().map(|title| create(title)).collect::<Vec<_>>();
        let done = bulk(&root, "posts", creates.into())
            .await
            .expect_status(200);
        let created = app.statements.take();
        let ids: Vec<_> = done.body["results"]
            .as_array()
            .unwrap()
            .iter()
            .map(|done| done["id"].clone())
            .collect();
        let updates: Vec<_> = ids
            .iter()
            .map(|id| json!({ "op": "update", "id": id, "data": { "summary": format!("{id}") } }))
            .collect();
        bulk(&root, "posts", updates.into())
            .await
            .expect_status(200);
        let updated = app.statements.take();
        let deletes: Vec<_> = ids
            .iter()
            .map(|id| json!({ "op": "delete", "id": id }))
            .collect();
        bulk(&root, "posts", deletes.into())
            .await
            .expect_status(200);
        counts.push([created.len(), updated.len(), app.statements.take().len()]);
    }

    assert_eq!(counts[0], counts[1]);
}

#[actix_web::test]
async fn deletions_of_rows_that_are_gone_can_be_skipped() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let (old, gone) = (
        ada.publish("Old").await.id(),
        ada.publish("Gone").await.id(),
    );
    ada.delete(format!("/posts/{gone}"))
        .await
        .expect_status(204);
    let delete = |id: i64| json!({ "op": "delete", "id": id });
    let body = json!({ "operations": [delete(old), delete(gone), delete(4711), delete(old), create("New")] });

    ada.post("/posts/bulk", body.clone())
        .await
        .expect_problem(404, "not_found")
        .expect_error_at("/operations/1");
    let refuse = "/posts/bulk?on_missing=refuse";
    ada.post(refuse, body.clone())
        .await
        .expect_problem(404, "not_found");
    let skip = "/posts/bulk?on_missing=skip";
    let request = ada
        .request(reqwest::Method::POST, skip)
        .header("idempotency-key", "\"skip\"")
        .json(&body);
    let again = request.try_clone().unwrap();
    let done = Reply::send(request).await.expect_status(200);

    let skipped = |id: i64| json!({ "op": "delete", "id": id, "skipped": true });
    let new = done.body["results"][4]["id"].clone();
    let expected = json!([
        { "op": "delete", "id": old, "version": 2 },
        skipped(gone),
        skipped(4711),
        skipped(old),
        { "op": "create", "id": new, "version": 1 },
    ]);
    assert_eq!(done.body["results"], expected);
    let again = Reply::send(again).await.expect_status(200);
    assert_eq!(again.header("idempotency-replayed"), "true");
    assert_eq!(again.body, done.body);
    // Only deletions are skipped, and only of rows that the caller does not find.
    let update = json!({ "op": "update", "id": gone, "data": { "title": "x" } });
    ada.post(skip, json!({ "operations": [update] }))
        .await
        .expect_problem(404, "not_found");
    let mine = ada.publish("Mine").await.id();
    bob.post(skip, json!({ "operations": [delete(mine)] }))
        .await
        .expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn an_empty_list_of_operations_does_nothing() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let done = bulk(&ada, "posts", json!([])).await.expect_status(200);

    assert_eq!(done.body, json!({ "results": [] }));
    let nobody = bulk(&app.anonymous(), "posts", json!([])).await;
    nobody.expect_problem(401, "unauthenticated");
}
