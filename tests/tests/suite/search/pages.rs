//! Pages of search results have an offset if they are ranked, and cursors if they are sorted.
use serde_json::Value;
use tests::{Reply, TestApp};

use super::{post, url};

async fn publish_comets(app: &TestApp, count: usize) -> Vec<i64> {
    let ada = app.member("ada").await;
    let mut ids = Vec::new();
    for _ in 0..count {
        post(&ada, "Planet", "", "…").await;
        ids.push(post(&ada, "Comet", "", "…").await);
    }
    ids
}

fn cursor(page: &Reply, which: &str) -> String {
    page.body["page"][which].as_str().unwrap().to_owned()
}

#[actix_web::test]
async fn ranked_results_have_an_offset_and_no_cursor() {
    let app = TestApp::new().await;
    let mut ids = publish_comets(&app, 5).await;
    ids.reverse();
    let nobody = app.anonymous();

    for (offset, expected) in [(0, &ids[..2]), (2, &ids[2..4]), (4, &ids[4..]), (9, &[])] {
        let path = url("posts", "comet") + &format!("&limit=2&offset={offset}&count=exact");
        let page = nobody.get(path).await.expect_status(200);

        assert_eq!(page.ids(), expected);
        assert_eq!(page.body["page"]["total"], 5);
        for cursor in ["next", "prev"] {
            assert_eq!(page.body["page"][cursor], Value::Null);
        }
        assert!(!page.header("link").contains("cursor"));
    }
    let sorted = nobody.get("/posts?limit=2").await;
    let path = url("posts", "comet") + "&cursor=" + &cursor(&sorted, "next");
    let refused = nobody.get(path).await.expect_error_at("cursor");
    let refused = refused.expect_problem(400, "malformed_request");
    assert_eq!(refused.body["errors"][0]["code"], "not_allowed");
    nobody
        .get(url("posts", "comet") + "&offset=10001")
        .await
        .expect_problem(400, "malformed_request")
        .expect_error_at("offset");
}

#[actix_web::test]
async fn sorted_results_have_cursors_that_are_valid_for_their_search_only() {
    let app = TestApp::new().await;
    let ids = publish_comets(&app, 5).await;
    let nobody = app.anonymous();
    let path = url("posts", "comet") + "&sort=title,id&limit=2";
    let at = |cursor: String| format!("{path}&cursor={cursor}");

    let first = nobody.get(&path).await.expect_status(200);
    let second = nobody.get(at(cursor(&first, "next"))).await;
    let third = nobody.get(at(cursor(&second, "next"))).await;
    let back = nobody.get(at(cursor(&third, "prev"))).await;

    assert_eq!(first.ids(), ids[..2]);
    assert_eq!(second.ids(), ids[2..4]);
    assert_eq!(third.ids(), ids[4..]);
    assert_eq!(third.body["page"]["next"], Value::Null);
    assert_eq!(back.ids(), ids[2..4]);
    for other in [url("posts", "planet"), "/posts?limit=2".to_owned()] {
        let path = other + "&sort=title,id&cursor=" + &cursor(&first, "next");
        nobody
            .get(path)
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("cursor");
    }
}

#[actix_web::test]
async fn a_page_is_one_statement_and_its_total_another() {
    let app = TestApp::new().await;
    publish_comets(&app, 3).await;
    let nobody = app.anonymous();

    for (more, expected) in [("", 1), ("&sort=id", 1), ("&count=exact", 2)] {
        app.statements.take();
        let page = nobody.get(url("posts", "comet") + more).await;
        let statements = app.statements.take();

        assert_eq!(page.ids().len(), 3);
        assert_eq!(statements.len(), expected, "{statements:#?}");
        let text = statements.join("");
        assert!(!text.contains("comet"), "what is asked is bound: {text}");
    }
}
