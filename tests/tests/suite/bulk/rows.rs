//! An update of a bulk request may be a whole row, as a client read it.
use serde_json::Value;
use tests::{Client, TestApp, json};

use super::bulk;

/// Publishes posts and returns them as their author reads them, with related rows.
async fn read_posts(ada: &Client, count: usize) -> Vec<Value> {
    for number in 0..count {
        let post = ada.publish(&format!("Post {number}")).await;
        ada.comment(post.id(), "Nice").await;
    }
    let list = ada.get("/posts?sort=id&limit=100&include=author,comments");
    let list = list.await.expect_status(200);
    list.body["data"].as_array().unwrap().clone()
}

fn update(row: &Value) -> Value {
    json!({ "op": "update", "id": row["id"], "data": row })
}

#[actix_web::test]
async fn rows_can_be_sent_back_as_they_were_read() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let mut rows = read_posts(&ada, 3).await;
    for row in &mut rows {
        row["comments_more"] = true.into();
        row["deleted_at"] = Value::Null;
    }
    rows[0]["title"] = "New".into();
    let operations: Value = rows.iter().map(update).collect();

    let done = bulk(&ada, "posts", operations.clone()).await;

    let done = done.expect_status(200);
    let versions = done.body["results"].as_array().unwrap().iter();
    let versions: Vec<_> = versions.map(|result| result["version"].clone()).collect();
    assert_eq!(versions, [2, 1, 1]);
    // The version of the first row is stale now.
    bulk(&ada, "posts", operations)
        .await
        .expect_problem(412, "precondition_failed")
        .expect_error_at("/operations/0/version");
}

#[actix_web::test]
async fn another_value_of_a_read_only_member_is_refused_after_everything_else() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let mut rows = read_posts(&ada, 3).await;
    rows[1]["author_id"] = bob.id.into();
    rows[2]["created_at"] = "2026-01-31T09:30:00.000000Z".into();
    for row in &mut rows {
        row["title"] = "New".into();
    }
    let operations: Value = rows.iter().map(update).collect();

    let refused = bulk(&ada, "posts", operations).await;

    let refused = refused.expect_problem(422, "validation_failed");
    assert_eq!(
        refused.places(),
        [
            "/operations/1/data/author_id",
            "/operations/2/data/created_at"
        ]
    );
    assert_eq!(refused.body["errors"][0]["code"], "not_allowed");
    let titles = ada.get("/posts?title=New&count=exact").await;
    assert_eq!(titles.body["page"]["total"], 0);
    let mut stale = rows[1].clone();
    stale["version"] = 7.into();
    let stale = bulk(&ada, "posts", json!([update(&stale)])).await;
    stale.expect_problem(412, "precondition_failed");
    // A row that the caller may not change, and one that does not exist.
    for (id, status) in [(rows[1]["id"].clone(), 403), (json!(4711), 404)] {
        let mut row = rows[1].clone();
        row["id"] = id;
        let reply = bulk(&bob, "posts", json!([update(&row)])).await;
        reply.expect_status(status);
    }
}

#[actix_web::test]
async fn the_version_of_a_row_is_that_of_its_operation() {
    let app = TestApp::with(|with| with.api.require_if_match = true).await;
    let ada = app.member("ada").await;
    let id = ada.publish("Rust").await.id();
    let update = async |version: Option<i64>, in_data: Option<i64>| {
        let mut operation = json!({ "op": "update", "id": id, "data": { "title": "New" } });
        if let Some(version) = version {
            operation["version"] = version.into();
        }
        if let Some(version) = in_data {
            operation["data"]["version"] = version.into();
        }
        bulk(&ada, "posts", json!([operation])).await
    };

    update(None, None).await.expect_status(428);
    update(None, Some(2)).await.expect_status(412);
    update(Some(1), Some(2))
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/operations/0/data/version");
    update(None, Some(0))
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/operations/0/data/version");
    update(None, Some(1)).await.expect_status(200);
    update(Some(2), Some(2)).await.expect_status(200);
}

#[actix_web::test]
async fn the_cost_of_the_comparison_does_not_grow_with_the_rows() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let rows = read_posts(&ada, 20).await;

    let mut costs = Vec::new();
    for count in [2, 20] {
        let operations: Value = rows[..count].iter().map(update).collect();
        app.statements.take();
        bulk(&ada, "posts", operations).await.expect_status(200);
        costs.push(app.statements.take().len());
    }

    assert_eq!(costs[0], costs[1]);
}

/// A member that the caller does not see looks like one that does not exist.
#[actix_web::test]
async fn a_hidden_member_is_unknown() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let editor = app.with_permissions("editor2", &["users.update"]).await;
    let data = json!({ "bio": "x", "last_login_at": null });

    let operations = json!([{ "op": "update", "id": ada.id, "data": data }]);
    let refused = bulk(&editor, "users", operations).await;

    let refused = refused
        .expect_problem(422, "validation_failed")
        .expect_error_at("/operations/0/data/last_login_at");
    assert_eq!(refused.body["errors"][0]["code"], "unknown_field");
}
