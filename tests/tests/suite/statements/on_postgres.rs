//! A row that is created with one statement is the same as one that takes several.
use tests::{Sql, TestApp, json};

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn what_a_trigger_changes_in_a_new_post_is_in_the_audit_log_and_in_the_search() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    Sql::open(&app.url)
        .await
        .run(
            "CREATE FUNCTION rename() RETURNS trigger LANGUAGE plpgsql AS $$
             BEGIN NEW.title := 'Renamed ' || NEW.title; RETURN NEW; END $$;
             CREATE TRIGGER rename BEFORE INSERT ON posts FOR EACH ROW EXECUTE FUNCTION rename();",
        )
        .await;

    for title in ["One", "Two"] {
        app.statements.take();
        let post = ada.publish(title).await;

        let renamed = format!("Renamed {title}");
        assert_eq!(post.body["title"], renamed);
        let history = ada.get(format!("{}/history", post.url())).await;
        let created = &history.body["data"][0];
        assert_eq!(created["changes"]["title"]["to"], renamed, "{created}");
        let found = ada.get(format!("/posts?q=renamed {title}")).await;
        assert_eq!(found.ids(), [post.id()]);
    }
    let number = Sql::open(&app.url)
        .await
        .number("SELECT count(*) FROM audit_entries WHERE resource = 'posts'")
        .await;
    assert_eq!(number, 2);
}

#[actix_web::test]
#[ignore = "runs in the suite on PostgreSQL"]
async fn a_post_whose_slug_is_taken_or_whose_author_is_missing_writes_nothing() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let new = |slug: &str, author: i64| json!({ "title": "Hello", "content": "…", "slug": slug, "author_id": author });
    root.post("/posts", new("hello", root.id))
        .await
        .expect_status(201);

    root.post("/posts", new("hello", root.id))
        .await
        .expect_status(409);
    let missing = root.post("/posts", new("other", 999_999)).await;
    assert_eq!(
        missing.expect_status(422).body["errors"][0]["pointer"],
        "/author_id"
    );

    let sql = Sql::open(&app.url).await;
    for count in [
        "SELECT count(*) FROM posts",
        "SELECT count(*) FROM posts_search",
        "SELECT count(*) FROM audit_entries WHERE resource = 'posts'",
    ] {
        assert_eq!(sql.number(count).await, 1, "{count}");
    }
}
