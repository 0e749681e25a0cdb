//! What is deleted, restored and purged together with a user (contract §5).
use tests::{PASSWORD, TestApp, json};

use super::{create, url};

#[actix_web::test]
async fn a_deleted_users_token_ends_at_once_and_does_not_come_back() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);

    root.delete(url(&ada)).await.expect_status(204);

    ada.get("/posts")
        .await
        .expect_problem(401, "unauthenticated");
    let path = format!("{}/restore", url(&ada));
    let restored = root.act(path).await.expect_status(200);
    assert_eq!(restored.body["version"], 3);
    assert_eq!(restored.body["roles"], json!(["member"]));
    ada.get("/posts")
        .await
        .expect_problem(401, "unauthenticated");
    app.anonymous().login("ada", PASSWORD).await;
}

#[actix_web::test]
async fn a_deactivated_users_token_ends_at_once_and_does_not_come_back() {
    let app = TestApp::new().await;
    let (root, ada) = (app.superuser("root").await, app.member("ada").await);
    let post = ada.publish("Hello").await;

    root.patch(url(&ada), json!({ "is_active": false }))
        .await
        .expect_status(200);

    ada.get("/posts")
        .await
        .expect_problem(401, "unauthenticated");
    app.anonymous().get(post.url()).await.expect_status(200);
    root.patch(url(&ada), json!({ "is_active": true }))
        .await
        .expect_status(200);
    ada.get("/posts")
        .await
        .expect_problem(401, "unauthenticated");
    app.anonymous().login("ada", PASSWORD).await;
}

#[actix_web::test]
async fn a_name_is_free_again_after_the_deletion_and_a_restore_then_needs_another() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let ada = create(&root, "ada", "ada@example.org")
        .await
        .expect_status(201);
    root.delete(ada.url()).await.expect_status(204);
    create(&root, "ADA", "new@example.org")
        .await
        .expect_status(201);
    let path = format!("{}/restore", ada.url());

    root.act(&path)
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/username");
    let restored = root
        .post(&path, json!({ "username": "ada.1" }))
        .await
        .expect_status(200);

    assert_eq!(restored.body["username"], "ada.1");
    assert_eq!(restored.body["email"], "ada@example.org");
    assert!(app.anonymous().login("ada.1", PASSWORD).await.len() > 1);
}

#[actix_web::test]
async fn a_user_goes_with_what_is_theirs_and_comes_back_with_it() {
    let app = TestApp::new().await;
    let (root, bob, ada) = (
        app.superuser("root").await,
        app.member("bob").await,
        app.member("ada").await,
    );
    let (hers, his) = (ada.publish("Hers").await, bob.publish("His").await);
    let rows = [
        hers.url().to_owned(),
        bob.comment(hers.id(), "…").await.url().to_owned(),
    ];
    let rows = [
        &rows[..],
        &[ada.comment(his.id(), "…").await.url().to_owned()],
    ]
    .concat();
    let before = ada.comment(his.id(), "deleted before").await;
    ada.delete(before.url()).await.expect_status(204);

    root.delete(url(&ada)).await.expect_status(204);
    for row in &rows {
        root.get(row).await.expect_problem(404, "not_found");
    }
    bob.get(his.url()).await.expect_status(200);

    root.act(format!("{}/restore", url(&ada)))
        .await
        .expect_status(200);
    for row in &rows {
        assert_eq!(root.get(row).await.expect_status(200).body["version"], 3);
    }
    root.get(before.url())
        .await
        .expect_problem(404, "not_found");
}

/// A comment of one user beneath the post of another goes with either, and comes back with the last of them.
#[actix_web::test]
async fn what_two_users_own_comes_back_once_both_are_there() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;
    let comment = bob.comment(post.id(), "…").await;
    let [ada, bob] = [&ada, &bob].map(|user| format!("/users/{}", user.id));

    root.delete(&ada).await.expect_status(204);
    root.delete(&bob).await.expect_status(204);
    root.act(format!("{ada}/restore")).await.expect_status(200);
    root.get(post.url()).await.expect_status(200);
    root.get(comment.url()).await.expect_status(404);
    root.act(format!("{}/restore", comment.url()))
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/author_id");
    root.act(format!("{bob}/restore")).await.expect_status(200);

    root.get(comment.url()).await.expect_status(200);
}

#[actix_web::test]
async fn a_purged_user_is_gone_with_everything_of_theirs() {
    let app = TestApp::new().await;
    let (root, bob, ada) = (
        app.superuser("root").await,
        app.member("bob").await,
        app.member("ada").await,
    );
    let (hers, his) = (ada.publish("Hers").await, bob.publish("His").await);
    let gone = [
        bob.comment(hers.id(), "…").await,
        ada.comment(his.id(), "…").await,
        hers,
    ];
    let stays = bob.comment(his.id(), "stays").await;
    root.delete(url(&ada)).await.expect_status(204);

    root.act(format!("{}/purge", url(&ada)))
        .await
        .expect_status(204);

    for row in &gone {
        root.get(format!("{}?deleted=include", row.url()))
            .await
            .expect_problem(404, "not_found");
    }
    root.get(format!("{}?deleted=include", url(&ada)))
        .await
        .expect_problem(404, "not_found");
    for row in [&his, &stays] {
        assert_eq!(
            bob.get(row.url()).await.expect_status(200).body["version"],
            1
        );
    }
    create(&root, "ada", "ada@example.org")
        .await
        .expect_status(201);
}

/// A new user inherits nothing from a previous one.
#[actix_web::test]
async fn an_id_is_never_given_again() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    for url in [post.url(), &url(&ada)] {
        root.delete(url).await.expect_status(204);
    }

    root.act(format!("{}/purge", url(&ada)))
        .await
        .expect_status(204);

    let next = app.member("ada").await;
    assert!(next.id > ada.id);
    assert!(next.publish("Hello").await.id() > post.id());
}
