//! Comments: which posts take them, who writes them, and who may delete them (contract §3, §5, §10).
use tests::{Client, Reply, TestApp, json};

/// Posts a comment to the collection of comments and to that of the post.
async fn both(client: &Client, post: i64) -> [Reply; 2] {
    let body = json!({ "post_id": post, "body": "…" });
    let in_all = client.post("/comments", body).await;
    let beneath = client
        .post(format!("/posts/{post}/comments"), json!({ "body": "…" }))
        .await;
    [in_all, beneath]
}

#[actix_web::test]
async fn a_comment_can_be_created_in_both_collections() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await.id();

    for comment in both(&bob, post).await {
        let comment = comment.expect_status(201);
        assert_eq!(comment.url(), format!("/api/v1/comments/{}", comment.id()));
        let expected = json!({
            "id": comment.id(), "post_id": post, "author_id": bob.id, "body": "…", "version": 1,
            "created_at": comment.body["created_at"], "updated_at": comment.body["updated_at"],
        });
        assert_eq!(comment.body, expected);
        assert_eq!(app.anonymous().get(comment.url()).await.body, expected);
    }
}

#[actix_web::test]
async fn an_invisible_post_is_answered_like_a_missing_one() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let draft = ada
        .post("/posts", json!({ "title": "Draft", "content": "…" }))
        .await
        .id();
    let gone = ada.publish("Gone").await;
    ada.delete(gone.url()).await.expect_status(204);

    let mut answers = Vec::new();
    for post in [draft, gone.id(), 4711] {
        let [in_all, beneath] = both(&bob, post).await;
        let in_all = in_all
            .expect_problem(422, "validation_failed")
            .expect_error_at("/post_id");
        beneath.expect_problem(404, "not_found");
        answers.push(in_all.body["errors"].clone());
    }

    assert_eq!(answers[0], answers[1]);
    assert_eq!(answers[1], answers[2]);
}

#[actix_web::test]
async fn a_visible_post_that_is_not_published_takes_no_comments() {
    let app = TestApp::new().await;
    let (ada, editor) = (app.member("ada").await, app.editor("editor").await);

    for status in ["draft", "archived"] {
        let post = json!({ "title": status, "content": "…", "status": status });
        let post = ada.post("/posts", post).await.id();
        for client in [&ada, &editor] {
            for comment in both(client, post).await {
                comment
                    .expect_problem(422, "validation_failed")
                    .expect_error_at("/post_id");
            }
        }
    }
}

#[actix_web::test]
async fn a_comment_cannot_change_its_post_or_author() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await.id();
    let comment = ada.comment(post, "mine").await;

    for (field, value) in [("post_id", post), ("author_id", ada.id)] {
        ada.patch(comment.url(), json!({ field: value }))
            .await
            .expect_status(200);
        ada.patch(comment.url(), json!({ field: value + 1 }))
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at(&format!("/{field}"));
    }
    ada.patch(comment.url(), json!({ "body": null }))
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/body");
}

#[actix_web::test]
async fn the_author_is_the_caller_unless_they_may_write_for_others() {
    let app = TestApp::new().await;
    let (ada, bob, editor) = (
        app.member("ada").await,
        app.member("bob").await,
        app.editor("editor").await,
    );
    let post = ada.publish("Hello").await.id();
    let by = |author: i64| json!({ "post_id": post, "body": "…", "author_id": author });

    let own = bob.post("/comments", by(bob.id)).await.expect_status(201);
    let for_bob = editor
        .post("/comments", by(bob.id))
        .await
        .expect_status(201);

    assert_eq!(own.body["author_id"], bob.id);
    assert_eq!(for_bob.body["author_id"], bob.id);
    bob.post("/comments", by(ada.id))
        .await
        .expect_problem(403, "forbidden");
    let beneath = json!({ "body": "…", "author_id": ada.id });
    let beneath = bob.post(format!("/posts/{post}/comments"), beneath).await;
    beneath.expect_problem(403, "forbidden");
}

#[actix_web::test]
async fn a_posts_author_can_delete_its_comments_and_no_others() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let (hers, his) = (
        ada.publish("Hers").await.id(),
        bob.publish("His").await.id(),
    );
    let (on_hers, on_his) = (bob.comment(hers, "…").await, bob.comment(his, "…").await);

    ada.delete(on_his.url())
        .await
        .expect_problem(403, "forbidden");
    ada.patch(on_hers.url(), json!({ "body": "No" }))
        .await
        .expect_problem(403, "forbidden");
    ada.delete(on_hers.url()).await.expect_status(204);

    bob.get(on_hers.url())
        .await
        .expect_problem(404, "not_found");
    for client in [&ada, &bob] {
        let undone = client.act(format!("{}/restore", on_hers.url())).await;
        undone.expect_problem(404, "not_found");
    }
    let editor = app.editor("editor").await;
    editor
        .act(format!("{}/restore", on_hers.url()))
        .await
        .expect_status(200);
}

/// The author of a post needs no permission for this.
#[actix_web::test]
async fn a_posts_author_without_a_role_can_delete_its_comments() {
    let app = TestApp::new().await;
    let (root, ada, bob) = (
        app.superuser("root").await,
        app.member("ada").await,
        app.member("bob").await,
    );
    let post = ada.publish("Hers").await.id();
    let comment = bob.comment(post, "…").await;
    let member = root.get("/roles?name=member").await.ids()[0];
    root.delete(format!("/users/{}/roles/{member}", ada.id))
        .await
        .expect_status(204);
    ada.patch(comment.url(), json!({ "body": "No" }))
        .await
        .expect_problem(403, "forbidden");

    ada.delete(comment.url()).await.expect_status(204);
}

#[actix_web::test]
async fn comments_are_visible_with_their_post_and_always_to_their_author() {
    let app = TestApp::new().await;
    let (ada, bob, carl) = (
        app.member("ada").await,
        app.member("bob").await,
        app.member("carl").await,
    );
    let post = ada.publish("Hello").await;
    let comment = bob.comment(post.id(), "…").await;
    ada.patch(post.url(), json!({ "status": "archived" }))
        .await
        .expect_status(200);

    for (client, sees) in [
        (&app.anonymous(), false),
        (&carl, false),
        (&ada, true),
        (&bob, true),
    ] {
        let (one, list) = (
            client.get(comment.url()).await,
            client.get("/comments").await,
        );
        assert_eq!(one.status == 200, sees);
        assert_eq!(list.ids() == [comment.id()], sees);
    }
    let beneath = bob.get(format!("{}/comments", post.url())).await;
    beneath.expect_problem(404, "not_found");
}

#[actix_web::test]
async fn a_comment_cannot_be_restored_without_its_post() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let comment = ada.comment(post.id(), "…").await;
    ada.delete(post.url()).await.expect_status(204);

    let alone = ada.act(format!("{}/restore", comment.url())).await;

    alone
        .expect_problem(409, "conflict")
        .expect_error_at("/post_id");
    ada.act(format!("{}/restore", post.url()))
        .await
        .expect_status(200);
    ada.get(comment.url()).await.expect_status(200);
}

#[actix_web::test]
async fn limits_count_characters() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await.id();
    let comment = ada.comment(post, &"𐍈".repeat(10_000)).await;

    for bad in [String::new(), "𐍈".repeat(10_001)] {
        ada.patch(comment.url(), json!({ "body": bad }))
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at("/body");
    }
    let nothing = ada.post("/comments", json!({})).await;
    assert_eq!(
        nothing.expect_problem(422, "validation_failed").places(),
        ["/body", "/post_id"]
    );
}
