//! Restoring and purging posts (contract §5).
use serde_json::Value;
use tests::{Client, TestApp, json};

use super::slugs::expect_varied;

async fn restore(client: &Client, url: &str) -> tests::Reply {
    client.act(format!("{url}/restore")).await
}

#[actix_web::test]
async fn an_author_cannot_restore_a_post_that_a_moderator_deleted() {
    let app = TestApp::new().await;
    let (ada, editor) = (app.member("ada").await, app.editor("editor").await);
    let post = ada.publish("Hello").await;
    editor.delete(post.url()).await.expect_status(204);

    restore(&ada, post.url())
        .await
        .expect_problem(404, "not_found");

    let restored = restore(&editor, post.url()).await.expect_status(200);
    assert_eq!(restored.body["version"], 3);
    assert_eq!(restored.body["published_at"], post.body["published_at"]);
    assert_eq!(restored.body.get("deleted_at"), None);
}

#[actix_web::test]
async fn a_restore_that_would_collide_is_409_until_a_patch_resolves_it() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;
    ada.comment(post.id(), "mine").await;
    ada.delete(post.url()).await.expect_status(204);
    bob.publish("Hello").await;
    let path = format!("{}/restore", post.url());

    ada.act(&path)
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/slug");
    ada.post(&path, json!({ "summary": "Still" }))
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/slug");
    ada.post(&path, json!({ "slug": "NO" }))
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/slug");
    let comments = format!("{}/comments", post.url());
    ada.get(&comments).await.expect_problem(404, "not_found");

    let restored = ada
        .post(&path, json!({ "slug": "hello-again" }))
        .await
        .expect_status(200);

    assert_eq!(restored.body["slug"], "hello-again");
    assert_eq!(restored.body["version"], 3);
    assert_eq!(restored.body["summary"], Value::Null);
    assert_eq!(ada.get(&comments).await.ids().len(), 1);
}

#[actix_web::test]
async fn slugs_of_posts_that_are_restored_with_their_author_get_a_suffix() {
    let app = TestApp::new().await;
    let (root, bob) = (app.superuser("root").await, app.member("bob").await);
    let ada = app.member("ada").await;
    let (post, other) = (ada.publish("Hello").await, ada.publish("Other").await);
    let url = format!("/users/{}", ada.id);
    root.delete(&url).await.expect_status(204);
    bob.publish("Hello").await;

    restore(&root, &url).await.expect_status(200);

    let post = root.get(post.url()).await.expect_status(200);
    expect_varied(post.body["slug"].as_str().unwrap(), "hello", 4);
    assert_eq!(post.body["version"], 3);
    assert_eq!(root.get(other.url()).await.body["slug"], "other");
}

/// A restored post keeps its slug unless a live post has it, with or without a suffix.
#[actix_web::test]
async fn slugs_that_are_restored_together_do_not_collide() {
    let app = TestApp::new().await;
    let (root, bob) = (app.superuser("root").await, app.member("bob").await);
    let ada = app.member("ada").await;
    let (first, second) = (ada.publish("Hello").await, ada.publish("Hello").await);
    let kept = second.body["slug"].clone();
    let url = format!("/users/{}", ada.id);
    root.delete(&url).await.expect_status(204);
    bob.publish("Hello").await;

    restore(&root, &url).await.expect_status(200);

    let second = root.get(second.url()).await.expect_status(200);
    assert_eq!(second.body["slug"], kept);
    let first = root.get(first.url()).await.expect_status(200);
    expect_varied(first.body["slug"].as_str().unwrap(), "hello", 4);
}

#[actix_web::test]
async fn a_post_cannot_be_restored_without_its_author() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let ada = app.member("ada").await;
    let (with, before) = (ada.publish("With").await, ada.publish("Before").await);
    ada.delete(before.url()).await.expect_status(204);
    let url = format!("/users/{}", ada.id);
    root.delete(&url).await.expect_status(204);

    for post in [&with, &before] {
        restore(&root, post.url())
            .await
            .expect_problem(409, "conflict")
            .expect_error_at("/author_id");
    }

    restore(&root, &url).await.expect_status(200);
    root.get(with.url()).await.expect_status(200);
    root.get(before.url())
        .await
        .expect_problem(404, "not_found");
    restore(&root, before.url()).await.expect_status(200);
}

#[actix_web::test]
async fn only_a_deleted_post_is_restored_or_purged() {
    let app = TestApp::new().await;
    let (ada, editor) = (app.member("ada").await, app.editor("editor").await);
    let post = ada.publish("Hello").await;

    for verb in ["restore", "purge"] {
        editor
            .act(format!("{}/{verb}", post.url()))
            .await
            .expect_problem(409, "conflict");
    }
    assert_eq!(ada.get(post.url()).await.body["version"], 1);
}

#[actix_web::test]
async fn a_purged_post_is_gone_with_its_comments_and_nothing_else() {
    let app = TestApp::new().await;
    let (ada, editor) = (app.member("ada").await, app.editor("editor").await);
    let (post, other) = (ada.publish("Hello").await, ada.publish("Other").await);
    let before = ada.comment(post.id(), "deleted before").await;
    let with = editor.comment(post.id(), "deleted with").await;
    let elsewhere = ada.comment(other.id(), "elsewhere").await;
    for gone in [&before, &elsewhere] {
        ada.delete(gone.url()).await.expect_status(204);
    }
    editor.delete(post.url()).await.expect_status(204);

    editor
        .act(format!("{}/purge", post.url()))
        .await
        .expect_status(204);

    for gone in [&post, &before, &with] {
        let url = format!("{}?deleted=include", gone.url());
        editor.get(url).await.expect_problem(404, "not_found");
        restore(&editor, gone.url())
            .await
            .expect_problem(404, "not_found");
    }
    ada.get(other.url()).await.expect_status(200);
    restore(&ada, elsewhere.url()).await.expect_status(200);
}

#[actix_web::test]
async fn a_patch_on_restore_needs_the_permission_to_update() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let undo = app.with_permissions("undo", &["posts.restore"]).await;
    let post = ada.publish("Hello").await;
    ada.delete(post.url()).await.expect_status(204);
    let path = format!("{}/restore", post.url());

    let patched = undo.post(&path, json!({ "title": "Mine now" })).await;

    patched.expect_problem(403, "forbidden");
    let restored = undo.act(&path).await.expect_status(200);
    assert_eq!(restored.body["title"], "Hello");
}
