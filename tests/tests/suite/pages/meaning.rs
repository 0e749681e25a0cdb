//! A cursor is valid for one list, however its query is written, and for no other.
use tests::{Client, TestApp, json};

async fn next_cursor(client: &Client, path: &str) -> String {
    let page = client.get(path).await.expect_status(200);
    let next = page.body["page"]["next"].as_str();
    next.unwrap_or_else(|| panic!("{path} has no next page"))
        .to_owned()
}

/// Five posts with one comment each, by somebody whose id is 1.
async fn fill(app: &TestApp) -> Client {
    let ada = app.member("ada").await;
    for title in ["Alpha", "beta", "Gamma", "Ölpha", "a\nb"] {
        let post = ada.publish(title).await;
        let comment = json!({ "post_id": post.id(), "body": title });
        ada.post("/comments", comment).await.expect_status(201);
    }
    assert_eq!(ada.id, 1);
    ada
}

#[actix_web::test]
async fn a_cursor_of_other_filters_is_refused() {
    let app = TestApp::new().await;
    let ada = fill(&app).await;

    for (made, used) in [
        (
            "/posts?sort=title&limit=1&title[contains]=a",
            "/posts?sort=title&limit=1&title[contains]=b",
        ),
        (
            "/posts?limit=1&title[contains]=a",
            "/posts?limit=1&title[starts_with]=a",
        ),
        ("/posts?limit=1&id[in]=1,2,3", "/posts?limit=1&id[in]=1,2"),
        ("/posts?limit=1&id[in]=1,2,3", "/posts?limit=1&id[nin]=4,5"),
        ("/posts?limit=1&author_id=1", "/posts?limit=1"),
        (
            "/posts?limit=1&author.username=ada",
            "/posts?limit=1&status=published",
        ),
        ("/posts?limit=1", "/posts?limit=1&deleted=include"),
        ("/posts?limit=1", "/posts?limit=1&sort=id"),
        ("/posts?limit=1", "/comments?limit=1"),
        ("/posts?limit=1&author_id=1", "/users/1/posts?limit=1"),
        ("/users/1/posts?limit=1", "/posts?limit=1&author_id=1"),
        ("/posts?sort=id&limit=1&q=alpha", "/posts?sort=id&limit=1"),
        // These filters would be equal if their parts were joined ambiguously.
        (
            "/posts?limit=1&title[ne]=x%0Asort=title",
            "/posts?limit=1&title[ne]=x&sort=title",
        ),
        (
            "/posts?limit=1&title[ne]=x%0Asort=title,created_at",
            "/posts?limit=1&sort=title,created_at&title[ne]=x",
        ),
        (
            "/posts?limit=1&title[nin]=%22x,y%22",
            "/posts?limit=1&title[nin]=x,y",
        ),
    ] {
        let Some(cursor) = ada.get(made).await.expect_status(200).body["page"]["next"]
            .as_str()
            .map(str::to_owned)
        else {
            // One row is found: there is no cursor to misuse.
            assert!(made.contains("q=alpha"), "{made}");
            continue;
        };
        ada.get(format!("{used}&cursor={cursor}"))
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("cursor");
    }
}

#[actix_web::test]
async fn an_equivalent_query_accepts_the_cursor() {
    let app = TestApp::new().await;
    let ada = fill(&app).await;

    for (made, used) in [
        ("/posts?limit=1", "/posts?limit=1&sort=-id"),
        ("/posts?limit=1", "/posts?limit=1&offset=0"),
        ("/posts?limit=1", "/posts?limit=1&deleted=exclude"),
        ("/posts?limit=1&sort=-id", "/posts?limit=1&offset=0"),
        ("/posts?limit=1&sort=-id", "/posts?limit=1&sort=-id,title"),
        ("/posts?limit=1&sort=title", "/posts?limit=2&sort=title,id"),
        (
            "/posts?limit=1&status=published&author_id=1",
            "/posts?limit=1&author_id[eq]=1&status[eq]=published",
        ),
        (
            "/posts?limit=1&id[in]=3,1,2",
            "/posts?limit=1&id[in]=1,2,2,3",
        ),
        (
            "/posts?limit=1&author_id=1",
            "/posts?limit=1&author_id=%2B01",
        ),
        (
            "/posts?limit=1&author_id[in]=1",
            "/posts?limit=1&author_id=1",
        ),
        (
            "/posts?limit=1&author_id=1",
            "/posts?limit=1&author_id=1&author_id[eq]=1",
        ),
        (
            "/posts?limit=1&title[contains]=A",
            "/posts?limit=1&title[contains]=a",
        ),
        (
            "/posts?limit=1&created_at[gte]=2026-01-01T00:00:00Z",
            "/posts?limit=1&created_at[gte]=2026-01-01T05:00:00.0000001%2B05:00",
        ),
        (
            "/posts?limit=1&created_at[gte]=2026-01-01",
            "/posts?limit=1&created_at[gte]=2026-01-01T00:00:00Z",
        ),
        (
            "/posts?limit=1",
            "/posts?limit=1&fields=id&count=exact&include=author",
        ),
    ] {
        let cursor = next_cursor(&ada, made).await;
        ada.get(format!("{used}&cursor={cursor}"))
            .await
            .expect_status(200);
    }
}

#[actix_web::test]
async fn an_altered_cursor_is_a_400() {
    let app = TestApp::new().await;
    let ada = fill(&app).await;
    let cursor = next_cursor(&ada, "/posts?limit=1").await;

    for place in 0..cursor.len() {
        let mut altered = cursor.clone().into_bytes();
        altered[place] = if altered[place] == b'A' { b'B' } else { b'A' };
        let altered = String::from_utf8(altered).unwrap();
        ada.get(format!("/posts?limit=1&cursor={altered}"))
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("cursor");
    }
}

#[actix_web::test]
async fn a_cursor_of_one_sub_collection_is_refused_in_another() {
    let app = TestApp::new().await;
    let ada = fill(&app).await;
    let (root, editor) = (app.superuser("root").await, app.editor("editor").await);
    let posts = ada.get("/posts?sort=id").await.ids();
    for post in &posts[..2] {
        let comment = json!({ "body": "Another" });
        let path = format!("/posts/{post}/comments");
        ada.post(path, comment).await.expect_status(201);
    }
    let comments = |place: usize| format!("/posts/{}/comments?limit=1", posts[place]);
    let roles = |id: i64| format!("/users/{id}/roles?limit=1");

    for (made, used) in [
        (comments(0), comments(1)),
        (comments(0), "/comments?limit=1".to_owned()),
        (
            comments(0),
            format!("/comments?limit=1&post_id={}", posts[0]),
        ),
        (roles(editor.id), roles(root.id)),
        (roles(editor.id), "/roles?limit=1".to_owned()),
        ("/roles?limit=1".to_owned(), roles(editor.id)),
    ] {
        let cursor = next_cursor(&root, &made).await;
        let path = format!("{made}&cursor={cursor}");
        root.get(path).await.expect_status(200);
        root.get(format!("{used}&cursor={cursor}"))
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("cursor");
    }
}
