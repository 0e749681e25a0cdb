//! A revert writes an earlier version of a row as a new one.
use tests::{Client, Reply, TestApp, json, sql};

use super::{actions, history};

async fn revert(who: &Client, url: &str, version: i64) -> Reply {
    who.post(format!("{url}/revert"), json!({ "version": version }))
        .await
}

#[actix_web::test]
async fn a_revert_writes_an_old_state_as_a_new_version() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    let patches = [
        json!({ "title": "Second", "content": "Second." }),
        json!({ "summary": "Third" }),
        json!({ "title": "Fourth", "summary": null, "content": "Fourth.", "status": "draft" }),
    ];
    let mut states = vec![post.body.clone()];
    for patch in patches {
        states.push(ada.patch(post.url(), patch).await.expect_status(200).body);
    }

    for (version, state) in (1..).zip(&states) {
        let reverted = revert(&ada, post.url(), version).await.expect_status(200);
        for field in ["title", "summary", "content", "status", "slug"] {
            assert_eq!(
                reverted.body[field], state[field],
                "{field} of version {version}"
            );
        }
    }

    let history = history(&ada, post.url()).await;
    assert_eq!(actions(&history)[4..], ["reverted"; 4]);
    assert_eq!(ada.get(post.url()).await.body["version"], 8);
}

#[actix_web::test]
async fn a_revert_follows_the_rules_of_an_update() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;
    ada.patch(post.url(), json!({ "slug": "other" }))
        .await
        .expect_status(200);
    ada.publish("Hello").await;

    revert(&ada, post.url(), 1)
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/slug");
    revert(&bob, post.url(), 1).await.expect_status(403);
    for unknown in [0, 3, -1] {
        revert(&ada, post.url(), unknown)
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at("/version");
    }
    revert(&ada, post.url(), 2).await.expect_status(200);
    ada.delete(post.url()).await.expect_status(204);
    revert(&ada, post.url(), 1).await.expect_status(404);
}

/// Otherwise a revert would show what the history hides.
#[actix_web::test]
async fn a_revert_needs_the_permission_to_read_the_history() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let writer = app
        .with_permissions("writer", &["posts.read", "posts.update"])
        .await;
    let post = ada.publish("Hello").await;
    writer
        .patch(post.url(), json!({ "title": "Changed" }))
        .await
        .expect_status(200);

    revert(&writer, post.url(), 1).await.expect_status(403);
}

#[actix_web::test]
async fn a_role_gets_its_permissions_back() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let role = root
        .post(
            "/roles",
            json!({ "name": "reader", "permissions": ["posts.read"] }),
        )
        .await;
    root.patch(role.url(), json!({ "permissions": [] }))
        .await
        .expect_status(200);

    let reverted = revert(&root, role.url(), 1).await.expect_status(200);

    assert_eq!(reverted.body["permissions"], json!(["posts.read"]));
}

#[actix_web::test]
async fn a_revert_over_a_gap_in_the_history_is_a_conflict() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let post = ada.publish("Hello").await;
    for title in ["Two", "Three"] {
        ada.patch(post.url(), json!({ "title": title }))
            .await
            .expect_status(200);
    }
    let gap = "DELETE FROM audit_entries WHERE resource = 'posts' AND version = 2";
    sql::run(&app.kernel, gap).await;

    revert(&ada, post.url(), 1)
        .await
        .expect_problem(409, "conflict");
    revert(&ada, post.url(), 2).await.expect_status(200);
}
