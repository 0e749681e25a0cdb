//! Estimated totals from PostgreSQL's planner.
use tests::{Sql, TestApp};

/// Creates 300 posts with 20 titles; a third of them are drafts.
async fn fill(app: &TestApp) {
    let author = app.user("ada", false, &[]).await;
    let posts = format!(
        "INSERT INTO posts (created_at, updated_at, version, author_id, title, slug, content, status)
         SELECT now(), now(), 1, {author}, 'Title ' || i % 20, 'slug-' || i, '…', CASE WHEN i % 3 = 0 THEN 'draft' ELSE 'published' END
         FROM generate_series(1, 300) i"
    );
    let sql = Sql::open(&app.url).await;
    sql.run(&posts).await;
    sql.run("ANALYZE").await;
    sql.close().await;
}

#[actix_web::test]
#[ignore = "PostgreSQL only"]
async fn an_estimate_is_close_and_counts_no_rows() {
    let app = TestApp::new().await;
    fill(&app).await;
    let (nobody, editor) = (app.anonymous(), app.editor("editor").await);
    app.statements.take();

    for (client, query, exact) in [
        (&nobody, "", 200),
        (&editor, "", 300),
        (&editor, "title=Title 7", 15),
        (
            &editor,
            "status[in]=draft,published&author.username=ada",
            300,
        ),
        (&nobody, "status=draft", 0),
    ] {
        let page = client
            .get(format!("/posts?limit=1&count=estimate&{query}"))
            .await;

        let total = page.expect_status(200).body["page"]["total"]
            .as_u64()
            .unwrap();
        let statements = app.statements.take();
        assert!(
            (exact / 3..=exact * 3 + 1).contains(&total),
            "{query}: {total}, not about {exact}"
        );
        let counts = statements
            .iter()
            .filter(|sql| sql.to_uppercase().contains("COUNT("));
        assert_eq!(counts.count(), 0, "{statements:#?}");
        let explained = statements
            .iter()
            .filter(|sql| sql.starts_with("EXPLAIN (FORMAT JSON) SELECT"));
        let whole = u64::from(exact == 0);
        assert_eq!(explained.count() as u64, 1 - whole, "{statements:#?}");
    }
}

#[actix_web::test]
#[ignore = "PostgreSQL only"]
async fn an_estimate_is_as_old_as_the_last_analyze() {
    let app = TestApp::new().await;
    fill(&app).await;
    let sql = Sql::open(&app.url).await;
    sql.run("UPDATE posts SET title = 'Other' WHERE title = 'Title 7'")
        .await;
    sql.close().await;
    let editor = app.editor("editor").await;
    let total = async |count: &str, title: &str| {
        let page = format!("/posts?limit=1&count={count}&title={title}");
        let page = editor.get(page).await.expect_status(200);
        page.body["page"]["total"].as_u64().unwrap()
    };

    assert_eq!(total("exact", "Other").await, 15);
    assert!(
        total("estimate", "Other").await < 5,
        "the planner has not heard of them"
    );
}
