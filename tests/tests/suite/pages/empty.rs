//! A page that became empty between two requests still leads back to the rows.
use serde_json::Value;
use tests::{Client, Reply, TestApp};

async fn publish_nine(ada: &Client) -> Vec<i64> {
    let mut ids = Vec::new();
    for number in 1..=9 {
        ids.push(ada.publish(&format!("Post {number}")).await.id());
    }
    ids
}

async fn follow(client: &Client, list: &str, page: &Reply, which: &str) -> Reply {
    let cursor = page.body["page"][which].as_str().unwrap();
    let reply = client.get(format!("{list}&cursor={cursor}")).await;
    reply.expect_status(200)
}

#[actix_web::test]
async fn a_last_page_without_rows_leads_back_to_the_row_before_it() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let ids = publish_nine(&ada).await;

    for sort in ["id", "created_at", "status,-summary", "summary,title"] {
        let list = format!("/posts?sort={sort}&limit=3");
        let whole = ada.get(format!("/posts?sort={sort}")).await.ids();
        let first = ada.get(&list).await.expect_status(200);
        let second = follow(&ada, &list, &first, "next").await;
        for id in &whole[6..] {
            ada.delete(format!("/posts/{id}")).await.expect_status(204);
        }

        let empty = follow(&ada, &list, &second, "next").await;

        assert!(empty.ids().is_empty() && empty.body["page"]["next"] == Value::Null);
        assert!(empty.header("link").contains("rel=\"prev\""), "{sort}");
        let back = follow(&ada, &list, &empty, "prev").await;
        assert_eq!(back.ids(), whole[3..6], "{sort}");
        let first_again = follow(&ada, &list, &back, "prev").await;
        assert_eq!(first_again.ids(), whole[..3], "{sort}");
        for id in &whole[6..] {
            let restored = ada.act(format!("/posts/{id}/restore")).await;
            restored.expect_status(200);
        }
    }
    assert_eq!(ids.len(), 9);
}

#[actix_web::test]
async fn a_first_page_without_rows_leads_on_to_the_row_after_it() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let ids = publish_nine(&ada).await;
    let list = "/posts?sort=id&limit=3";
    let first = ada.get(list).await.expect_status(200);
    let second = follow(&ada, list, &first, "next").await;
    for id in &ids[..3] {
        ada.delete(format!("/posts/{id}")).await.expect_status(204);
    }

    let empty = follow(&ada, list, &second, "prev").await;

    assert!(empty.ids().is_empty() && empty.body["page"]["prev"] == Value::Null);
    let on = follow(&ada, list, &empty, "next").await;
    assert_eq!(on.ids(), ids[3..6]);
}

#[actix_web::test]
async fn an_empty_page_of_an_empty_list_leads_to_no_row() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let ids = publish_nine(&ada).await;
    let list = "/posts?sort=id&limit=3";
    let first = ada.get(list).await.expect_status(200);
    for id in ids {
        ada.delete(format!("/posts/{id}")).await.expect_status(204);
    }

    let empty = follow(&ada, list, &first, "next").await;
    let back = follow(&ada, list, &empty, "prev").await;
    let on = follow(&ada, list, &back, "next").await;

    // Following `next` ends, and so does following `prev`.
    assert!(empty.body["page"]["next"] == Value::Null && back.body["page"]["prev"] == Value::Null);
    assert!(back.ids().is_empty() && on.ids().is_empty());
    assert_eq!(on.body["page"]["next"], Value::Null);
}
