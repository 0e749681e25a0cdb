//! Included rows fill the room that is left in an answer; the answer says so if some are missing.
use serde_json::Value;
use tests::{TestApp, json, sql};

use super::{limited, post};

/// Writes this many comments with this many letters on each post, by its author.
async fn comments(app: &TestApp, count: usize, letters: usize) {
    let row = "INSERT INTO comments (created_at, updated_at, version, post_id, author_id, body) \
        SELECT p.created_at, p.updated_at, 1, p.id, p.author_id, BODY FROM posts p CROSS JOIN NUMBERS n";
    let (body, numbers) = if app.backend.is_postgres() {
        (
            format!("repeat('0', {letters})"),
            format!("generate_series(1, {count})"),
        )
    } else {
        (
            format!("hex(zeroblob({letters} / 2))"),
            format!(
                "(WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {count}) SELECT i FROM n)"
            ),
        )
    };
    let insert = row.replace("BODY", &body).replace("NUMBERS", &numbers);
    sql::run(&app.kernel, &insert).await;
}

#[actix_web::test]
async fn a_hundred_posts_with_their_long_comments_are_bounded() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for _ in 0..100 {
        post(&ada, 10, "published").await;
    }
    comments(&app, 40, 10_000).await;

    let page = app
        .anonymous()
        .get("/posts?include=comments&limit=100")
        .await;

    let page = page.expect_status(200);
    let bytes = page.text.len();
    assert!(
        (4_000_000..8 * 1024 * 1024 + 1_024).contains(&bytes),
        "{bytes}"
    );
    let rows = page.body["data"].as_array().unwrap();
    assert_eq!(rows.len(), 100);
    for row in rows {
        let shown = row["comments"].as_array().unwrap().len();
        assert!(
            (6..=9).contains(&shown) && row["comments_more"] == true,
            "{shown}"
        );
        assert!(row["comments"][0]["body"].as_str().unwrap().len() == 10_000);
    }
}

/// The newest related rows of each row are added in turns, so large ones of one row do not displace small ones of another.
#[actix_web::test]
async fn related_rows_share_the_size_of_an_answer_evenly() {
    let app = limited(40_000).await;
    let ada = app.member("ada").await;
    let (many, few) = (
        post(&ada, 10, "published").await,
        post(&ada, 10, "published").await,
    );
    for number in 0..8 {
        ada.comment(many, &format!("{number}{}", "x".repeat(5_500)))
            .await;
    }
    ada.comment(few, "old").await;
    ada.comment(few, "new").await;

    let page = ada
        .get("/posts?include=comments&sort=id")
        .await
        .expect_status(200);

    let rows = &page.body["data"];
    let first: Vec<_> = rows[0]["comments"].as_array().unwrap().iter().collect();
    assert!(page.text.len() < 41_000 && rows[0]["comments_more"] == true);
    assert!((6..8).contains(&first.len()), "{}", first.len());
    assert!(first[0]["body"].as_str().unwrap().starts_with('7'));
    assert_eq!(rows[1]["comments"][0]["body"], "new");
    assert_eq!(rows[1]["comments"][1]["body"], "old");
    assert!(rows[1].get("comments_more").is_none());
}

#[actix_web::test]
async fn a_related_row_that_does_not_fit_is_reported_as_omitted() {
    let app = limited(10_000).await;
    let ada = app.member("ada").await;
    let id = post(&ada, 10, "published").await;
    ada.comment(id, &"x".repeat(10_000)).await;

    for path in [
        format!("/posts/{id}?include=comments"),
        "/posts?include=comments".to_owned(),
    ] {
        let reply = ada.get(&path).await.expect_status(200);
        let row = match reply.body["data"].as_array() {
            Some(rows) => &rows[0],
            None => &reply.body,
        };
        assert_eq!(row["comments"], json!([]), "{path}");
        assert_eq!(row["comments_more"], true, "{path}");
    }
}

#[actix_web::test]
async fn an_owner_comes_without_heavy_fields_unless_they_are_asked_for() {
    let app = limited(40_000).await;
    let ada = app.member("ada").await;
    let id = post(&ada, 12_000, "published").await;
    for _ in 0..4 {
        ada.comment(id, "…").await;
    }

    let light = ada
        .get("/comments?include=post,author")
        .await
        .expect_status(200);
    let heavy = ada
        .get("/comments?include=post.content")
        .await
        .expect_status(200);
    let one = ada
        .get("/comments/1?include=post,post.content&fields=body")
        .await;

    for row in light.body["data"].as_array().unwrap() {
        assert_eq!(row["post"]["title"], "Same");
        assert!(row["post"].get("content").is_none() && row.get("post_more").is_none());
    }
    let rows = heavy.body["data"].as_array().unwrap();
    let with_content = |row: &&Value| row["post"].get("content").is_some();
    assert!(heavy.text.len() < 41_000);
    assert_eq!(rows.iter().filter(with_content).count(), 3);
    for row in rows {
        assert_eq!(row["post"]["title"], "Same");
        assert_eq!(with_content(&row), row.get("post_more").is_none());
    }
    assert_eq!(
        one.expect_status(200).body["post"]["content"],
        "x".repeat(12_000)
    );
    for wrong in [
        "post.title",
        "author.bio",
        "post.content,post.content",
        "post.",
        "posts.content",
    ] {
        let refused = ada.get(format!("/comments?include={wrong}")).await;
        refused
            .expect_problem(400, "malformed_request")
            .expect_error_at("include");
    }
    let many = ada.get("/users?include=posts.content").await;
    many.expect_problem(400, "malformed_request")
        .expect_error_at("include");
}
