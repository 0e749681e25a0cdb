//! A deleted row is hidden, and is restored together with the rows of the same deletion.
mod large;

use tests::{TestApp, json};

#[actix_web::test]
async fn a_deleted_post_is_gone() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada
        .post("/posts", json!({ "title": "Hello", "content": "…" }))
        .await
        .expect_status(201);

    ada.delete(post.url()).await.expect_status(204);

    ada.get(post.url()).await.expect_problem(404, "not_found");
    ada.patch(post.url(), json!({ "title": "Back?" }))
        .await
        .expect_problem(404, "not_found");
    ada.delete(post.url())
        .await
        .expect_problem(404, "not_found");
    assert!(ada.get("/posts").await.expect_status(200).ids().is_empty());
}

#[actix_web::test]
async fn a_restored_post_brings_back_the_comments_of_its_own_deletion_only() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;
    let before = bob.comment(post.id(), "deleted before").await;
    let with = bob.comment(post.id(), "deleted with").await;
    bob.delete(before.url()).await.expect_status(204);

    ada.delete(post.url()).await.expect_status(204);
    let restored = ada
        .act(format!("{}/restore", post.url()))
        .await
        .expect_status(200);

    assert_eq!(restored.body["version"], 3);
    assert!(restored.body.get("deleted_at").is_none());
    bob.get(before.url()).await.expect_problem(404, "not_found");
    assert_eq!(
        bob.get(with.url()).await.expect_status(200).body["version"],
        3
    );
}

/// X's comment under U's post: delete U, delete X, restore U, restore X.
#[actix_web::test]
async fn a_row_with_two_owners_is_restored_when_both_are_live() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (u, x) = (app.member("u_u").await, app.member("x_x").await);
    let post = u.publish("U's").await;
    let comment = x.comment(post.id(), "X's").await;
    let (user_u, user_x) = (format!("/users/{}", u.id), format!("/users/{}", x.id));

    root.delete(&user_u).await.expect_status(204);
    root.delete(&user_x).await.expect_status(204);
    root.act(format!("{user_u}/restore"))
        .await
        .expect_status(200);

    root.get(post.url()).await.expect_status(200);
    root.get(comment.url())
        .await
        .expect_problem(404, "not_found");
    root.act(format!("{}/restore", comment.url()))
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/author_id");

    root.act(format!("{user_x}/restore"))
        .await
        .expect_status(200);

    root.get(comment.url()).await.expect_status(200);
}
