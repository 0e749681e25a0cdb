//! Estimated totals, and exact totals that an operator forbids.
mod on_postgres;

use tests::{TestApp, json};

#[actix_web::test]
async fn an_operator_can_forbid_exact_counts() {
    let app = TestApp::with(|with| with.api.exact_counts = false).await;
    let ada = app.member("ada").await;
    ada.publish("Hello").await;
    let user_posts = format!("/users/{}/posts", ada.id);

    for path in ["/posts", "/comments", "/users", &user_posts] {
        let exact = ada.get(format!("{path}?count=exact")).await;
        let exact = exact
            .expect_problem(400, "malformed_request")
            .expect_error_at("count");
        let detail = exact.body["errors"][0]["detail"].as_str().unwrap();
        assert!(detail.contains("count=estimate"), "{detail}");
        for other in ["count=none", "count=estimate", ""] {
            ada.get(format!("{path}?{other}")).await.expect_status(200);
        }
    }
    // The query is checked before credentials.
    let stranger = app.anonymous().with_token("no-such-token");
    let refused = stranger.get("/posts?count=exact").await;
    refused.expect_problem(400, "malformed_request");
    let stats = app.anonymous().get("/posts/stats?count").await;
    assert_eq!(
        stats.expect_status(200).body["data"],
        json!([{ "count": 1 }])
    );
}

#[actix_web::test]
async fn an_estimate_of_a_list_that_fits_on_one_page_is_exact_and_free() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for number in 0..3 {
        ada.publish(&format!("Post {number}")).await;
    }
    app.statements.take();

    for (query, total) in [("", 3), ("&title=nothing", 0), ("&limit=3&sort=title", 3)] {
        let page = app
            .anonymous()
            .get(format!("/posts?count=estimate{query}"))
            .await;

        assert_eq!(
            page.expect_status(200).body["page"]["total"],
            total,
            "{query}"
        );
        let statements = app.statements.take();
        assert_eq!(statements.len(), 1, "{statements:#?}");
    }
}

#[actix_web::test]
async fn an_estimate_is_exact_on_sqlite_and_never_less_than_the_shown_rows() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for number in 0..5 {
        ada.publish(&format!("Post {number}")).await;
    }

    let page = ada
        .get("/posts?count=estimate&limit=2&offset=2")
        .await
        .expect_status(200);
    let total = page.body["page"]["total"].as_u64().unwrap();

    if app.backend.is_postgres() {
        assert!(total >= 4, "{total}");
    } else {
        assert_eq!(total, 5);
    }
    // A page after the end does not reveal the number of rows.
    let beyond = ada
        .get("/posts?count=estimate&offset=10000")
        .await
        .expect_status(200);
    assert!(beyond.body["page"]["total"].as_u64().unwrap() < 10_000);
}
