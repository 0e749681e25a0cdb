//! Included related rows show what the caller could read directly.
use tests::{TestApp, json};

#[actix_web::test]
async fn an_include_adds_related_rows() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;
    let comment = bob.comment(post.id(), "Nice").await;

    let page = app
        .anonymous()
        .get("/posts?include=author,comments")
        .await
        .expect_status(200);
    let one = app
        .anonymous()
        .get(format!("{}?include=author,post&fields=body", comment.url()))
        .await;

    let row = &page.body["data"][0];
    assert_eq!(row["author"]["username"], "ada");
    assert!(row["author"].get("email").is_none());
    assert_eq!(row["comments"][0]["body"], "Nice");
    assert!(row.get("comments_more").is_none());
    let one = one.expect_status(200);
    assert_eq!(one.body["post"]["title"], "Hello");
    assert_eq!(one.body["author"]["username"], "bob");
    assert!(one.body.get("post_id").is_none() && one.headers.get("etag").is_none());
}

#[actix_web::test]
async fn an_include_shows_no_more_than_the_caller_sees() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;
    let kept = bob.comment(post.id(), "kept").await;
    let gone = bob.comment(post.id(), "gone").await;
    bob.delete(gone.url()).await.expect_status(204);

    let comments = ada
        .get(format!("{}?include=comments", post.url()))
        .await
        .expect_status(200);
    assert_eq!(comments.body["comments"].as_array().unwrap().len(), 1);

    ada.patch(post.url(), json!({ "status": "draft" }))
        .await
        .expect_status(200);
    let own = bob
        .get(format!("{}?include=post", kept.url()))
        .await
        .expect_status(200);
    assert_eq!(own.body["post"], json!(null));
    let posts = bob
        .get(format!("/users/{}?include=posts", ada.id))
        .await
        .expect_status(200);
    assert_eq!(posts.body["posts"], json!([]));
    let posts = ada
        .get(format!("/users/{}?include=posts", ada.id))
        .await
        .expect_status(200);
    assert_eq!(posts.body["posts"].as_array().unwrap().len(), 1);
    assert!(posts.body["posts"][0].get("content").is_none());
}

#[actix_web::test]
async fn a_relation_to_many_is_cut_and_says_so() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let (many, few) = (ada.publish("Many").await, ada.publish("Few").await);
    for i in 0..101 {
        ada.comment(many.id(), &format!("{i}")).await;
    }
    ada.comment(few.id(), "only").await;

    let page = app
        .anonymous()
        .get("/posts?include=comments&sort=id")
        .await
        .expect_status(200);

    let rows = page.body["data"].as_array().unwrap();
    assert_eq!(rows[0]["comments"].as_array().unwrap().len(), 100);
    assert_eq!(
        (&rows[0]["comments_more"], &rows[0]["comments"][0]["body"]),
        (&json!(true), &json!("100"))
    );
    assert_eq!(rows[1]["comments"].as_array().unwrap().len(), 1);
    assert!(rows[1].get("comments_more").is_none());
}

#[actix_web::test]
async fn each_relation_costs_one_statement() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    for i in 0..100 {
        let post = ada.publish(&format!("Post {i}")).await;
        ada.comment(post.id(), "Nice").await;
    }

    for limit in [10, 100] {
        app.statements.take();
        let path = format!("/posts?include=author,comments&limit={limit}");
        app.anonymous().get(path).await.expect_status(200);
        assert_eq!(app.statements.take().len(), 3, "limit={limit}");
    }
}

#[actix_web::test]
async fn an_unknown_relation_is_refused() {
    let app = TestApp::new().await;

    for wrong in [
        "/posts?include=roles",
        "/posts?include=",
        "/users?include=author",
        "/posts?include=author,author",
    ] {
        app.anonymous()
            .get(wrong)
            .await
            .expect_problem(400, "malformed_request")
            .expect_error_at("include");
    }
}
