//! The best matches come first.
use tests::{TestApp, json};

use super::{find, post, url};

#[actix_web::test]
async fn a_title_outweighs_a_summary_and_a_summary_the_content() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let title = post(&ada, "Comet", "other", "other").await;
    let summary = post(&ada, "Other", "comet", "other").await;
    let content = post(&ada, "Other", "other", "comet").await;
    for _ in 0..5 {
        post(&ada, "Filler", "filler", "filler").await;
    }

    assert_eq!(
        find(&ada, "posts", "comet").await,
        [title, summary, content]
    );
    assert_eq!(find(&ada, "posts", "come").await, [title, summary, content]);
}

#[actix_web::test]
async fn more_matches_rank_higher_and_equal_ranks_list_the_newest_first() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let often = post(&ada, "Other", "other", "comet comet comet other").await;
    let older = post(&ada, "Other", "other", "comet other other other").await;
    let newer = post(&ada, "Other", "other", "comet other other other").await;
    for _ in 0..5 {
        post(&ada, "Filler", "filler", "filler").await;
    }

    assert_eq!(find(&ada, "posts", "comet").await, [often, newer, older]);
    let sorted = ada.get(url("posts", "comet") + "&sort=id").await;
    assert_eq!(sorted.ids(), [often, older, newer], "a sort is a sort");
}

/// A rank takes the time to read a row, so it is bounded.
#[actix_web::test]
async fn the_newest_rows_that_match_are_ranked() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let best = post(&ada, "Comet comet comet", "comet", "comet").await;
    let post = json!({ "title": "One comet", "content": "…", "status": "published" });
    let operation = json!({ "op": "create", "data": post });
    let operations = vec![operation; 500];
    let newer = ada.post("/posts/bulk", json!({ "operations": operations }));
    newer.await.expect_status(200);
    let nobody = app.anonymous();
    let ranked = |offset: u64| {
        let path = url("posts", "comet") + &format!("&limit=1&offset={offset}");
        nobody.get(path)
    };

    assert!(!ranked(0).await.ids().contains(&best));
    assert_eq!(ranked(499).await.ids().len(), 1);
    assert_eq!(ranked(500).await.ids(), [0; 0]);
    let sorted = url("posts", "comet") + "&sort=id&limit=1";
    assert_eq!(nobody.get(sorted).await.ids(), [best]);
}
