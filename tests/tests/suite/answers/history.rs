//! Histories of large texts are paged like any other list.
use tests::json;

use super::{limited, page, walk};

#[actix_web::test]
async fn a_history_of_large_texts_is_cut_and_misses_nothing() {
    let bytes = 30_000;
    let app = limited(bytes as u64).await;
    let ada = app.member("ada").await;
    let root = app.superuser("root").await;
    let post = ada.publish("Hello").await;
    for number in 0..12 {
        let content = format!(
            "{number}{}",
            "x".repeat(if number == 5 { 40_000 } else { 4_000 })
        );
        let patch = json!({ "content": content, "title": format!("Title {number}") });
        ada.patch(post.url(), patch).await.expect_status(200);
    }
    let history = format!("{}/history?limit=100", post.url());
    let audit = "/audit?resource=posts&limit=100".to_owned();

    for list in [history, audit] {
        let light = root.get(format!("{list}&fields=version")).await;
        assert_eq!(light.ids().len(), 13, "{list}");
        let first = page(&root, &list, bytes).await;
        let newest = &first.body["data"][0]["changes"]["content"];
        assert!(
            newest["to"].as_str().unwrap().starts_with("11x"),
            "{newest}"
        );
        assert!(
            newest["from"].as_str().unwrap().starts_with("10x"),
            "{newest}"
        );

        let pages = walk(&root, &list, first, "next", bytes).await;

        assert_eq!(pages.concat(), light.ids(), "{list}: {pages:?}");
        assert!(pages.len() > 3, "{list}: {pages:?}");
        let skipped = root.get(format!("{list}&offset=1")).await;
        skipped.expect_problem(400, "answer_too_large");
    }
}
