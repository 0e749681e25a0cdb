//! Lists: filters, pages, counts and deleted rows (contract §4).
mod columns;
pub mod filters;
pub mod order;
mod read_only;

use serde_json::Value;
use tests::{Client, TestApp, json};

/// The number of posts of this client.
async fn posts(client: &Client, count: usize) -> Vec<i64> {
    let mut ids = Vec::new();
    for number in 0..count {
        ids.push(client.publish(&format!("Post {number}")).await.id());
    }
    ids
}

#[actix_web::test]
async fn a_list_shows_the_newest_twenty_first() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let mut ids = posts(&ada, 22).await;

    let page = app.anonymous().get("/posts").await.expect_status(200);

    ids.reverse();
    assert_eq!(page.ids(), ids[..20]);
    assert_eq!(page.body["page"]["limit"], 20);
}

#[actix_web::test]
async fn limit_and_offset_select_a_page() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let ids = posts(&ada, 5).await;

    let all = ada.get("/posts?sort=id&limit=100").await.expect_status(200);
    let middle = ada.get("/posts?sort=id&limit=2&offset=1").await;
    let beyond = ada.get("/posts?sort=id&offset=5").await.expect_status(200);

    assert_eq!(all.ids(), ids);
    assert_eq!(all.body["page"]["limit"], 100);
    assert_eq!(middle.ids(), ids[1..3]);
    assert_eq!(middle.body["page"]["limit"], 2);
    assert!(beyond.ids().is_empty());
}

#[actix_web::test]
async fn an_invalid_limit_or_offset_is_400() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();

    for fine in ["limit=1", "limit=100", "offset=0", "offset=10000"] {
        nobody
            .get(format!("/posts?{fine}"))
            .await
            .expect_status(200);
    }
    for (name, value) in [
        ("limit", "0"),
        ("limit", "101"),
        ("limit", "-1"),
        ("limit", "x"),
        ("limit", ""),
        ("limit", "1.5"),
        ("limit", "99999999999999999999"),
        ("offset", "-1"),
        ("offset", "10001"),
        ("offset", ""),
        ("sort", ""),
        ("sort", "id,"),
        ("sort", "--id"),
        ("sort", "title,-title"),
        ("sort", "id,title,slug,status"),
        ("count", "yes"),
        ("count", ""),
        ("deleted", "true"),
        ("id", "x"),
        ("id", "9223372036854775808"),
        ("created_at", "yesterday"),
        ("created_at", "2026-02-30"),
        ("created_at", "0000-01-01T00:30:00%2B01:00"),
        ("created_at[lte]", "9999-12-31T23:30:00-01:00"),
        ("author_id", "1.0"),
    ] {
        nobody
            .get(format!("/posts?{name}={value}"))
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at(name);
    }
}

#[actix_web::test]
async fn a_total_is_given_on_request() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    posts(&ada, 3).await;

    let plain = ada.get("/posts?limit=1").await.expect_status(200);
    let none = ada
        .get("/posts?limit=1&count=none")
        .await
        .expect_status(200);
    let exact = ada.get("/posts?limit=1&offset=2&count=exact").await;
    let estimate = ada.get("/posts?count=estimate").await.expect_status(200);
    let matching = ada.get("/posts?count=exact&title=Post+1").await;

    assert_eq!(plain.body["page"].get("total"), None);
    assert_eq!(none.body["page"].get("total"), None);
    assert_eq!(exact.body["page"]["total"], 3);
    assert_eq!(exact.body["data"][0]["title"], "Post 0");
    let beyond = ada.get("/posts?offset=3&count=exact").await;
    assert_eq!(
        (beyond.ids(), &beyond.body["page"]["total"]),
        (vec![], &json!(3))
    );
    assert!(estimate.body["page"]["total"].is_u64());
    assert_eq!(matching.body["page"]["total"], 1);
}

#[actix_web::test]
async fn a_total_counts_the_rows_that_the_caller_can_see() {
    let app = TestApp::new().await;
    let (ada, bob, editor) = (
        app.member("ada").await,
        app.member("bob").await,
        app.editor("editor").await,
    );
    ada.publish("Published").await;
    ada.post("/posts", json!({ "title": "Draft", "content": "…" }))
        .await;
    let gone = ada.publish("Gone").await;
    ada.delete(gone.url()).await.expect_status(204);

    let total = async |client: &Client, query: &str| {
        let page = client.get(format!("/posts?count=exact{query}")).await;
        let count = page.ids().len();
        assert_eq!(page.body["page"]["total"], count);
        count
    };
    assert_eq!(total(&app.anonymous(), "").await, 1);
    assert_eq!(total(&bob, "").await, 1);
    assert_eq!(total(&ada, "").await, 2);
    assert_eq!(total(&editor, "").await, 2);
    assert_eq!(total(&bob, "&deleted=include").await, 1);
    assert_eq!(total(&ada, "&deleted=include").await, 3);
    assert_eq!(total(&editor, "&deleted=only").await, 1);
}

#[actix_web::test]
async fn deleted_rows_are_listed_for_those_who_may_restore_them() {
    let app = TestApp::new().await;
    let (ada, bob, editor) = (
        app.member("ada").await,
        app.member("bob").await,
        app.editor("editor").await,
    );
    let live = ada.publish("Live").await.id();
    let (own, moderated) = (ada.publish("Own").await, ada.publish("Moderated").await);
    ada.delete(own.url()).await.expect_status(204);
    editor.delete(moderated.url()).await.expect_status(204);
    let (own, moderated) = (own.id(), moderated.id());

    for (client, only) in [
        (&app.anonymous(), vec![]),
        (&bob, vec![]),
        (&ada, vec![own]),
        (&editor, vec![own, moderated]),
    ] {
        let excluded = client.get("/posts?deleted=exclude").await;
        let included = client.get("/posts?deleted=include&sort=id").await;
        let deleted = client.get("/posts?deleted=only&sort=id").await;

        assert_eq!(excluded.ids(), [live]);
        assert_eq!(excluded.body["data"][0].get("deleted_at"), None);
        assert_eq!(included.ids(), [vec![live], only.clone()].concat());
        assert_eq!(included.body["data"][0]["deleted_at"], Value::Null);
        assert_eq!(deleted.ids(), only);
        for post in deleted.body["data"].as_array().unwrap() {
            assert!(post["deleted_at"].is_string(), "{post}");
        }
    }
}

#[actix_web::test]
async fn a_sub_collection_is_a_filtered_list() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let (hers, his) = (posts(&ada, 3).await, posts(&bob, 2).await);
    let comment = bob.comment(hers[0], "on hers").await.id();
    bob.comment(his[0], "on his").await;

    let page = bob
        .get(format!(
            "/users/{}/posts?sort=-title&limit=2&count=exact",
            ada.id
        ))
        .await;
    let none = bob
        .get(format!("/users/{}/posts?author_id={}", ada.id, bob.id))
        .await;
    let comments = bob
        .get(format!("/posts/{}/comments?sort=-id", hers[0]))
        .await;

    assert_eq!(page.ids(), [hers[2], hers[1]]);
    assert_eq!(page.body["page"]["total"], 3);
    assert!(none.ids().is_empty());
    assert_eq!(comments.ids(), [comment]);
    bob.get(format!("/posts/{}/comments?title=x", hers[0]))
        .await
        .expect_problem(400, "malformed_request")
        .expect_error_at("title");
}
