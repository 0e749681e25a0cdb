//! Bulk operations on users: roles, sessions, the last superuser, and cascades.
use tests::{TestApp, json};

use super::bulk;

#[actix_web::test]
async fn a_bulk_of_users_assigns_the_member_role_and_ends_sessions() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (bob, eve) = (app.member("bob").await, app.member("eve").await);
    let user = |name: &str| {
        json!({
            "username": name, "email": format!("{name}@example.org"), "password": tests::PASSWORD,
        })
    };

    let operations = json!([
        { "op": "create", "data": user("joan") },
        { "op": "create", "data": user("jean") },
        { "op": "update", "id": bob.id, "data": { "is_active": false } },
        { "op": "delete", "id": eve.id },
    ]);
    let done = bulk(&root, "users", operations).await.expect_status(200);

    for place in 0..2 {
        let id = &done.body["results"][place]["id"];
        let history = root.get(format!("/users/{id}/history")).await;
        assert_eq!(
            history.body["data"].as_array().unwrap().len(),
            1,
            "{}",
            history.text
        );
        let user = root
            .get(&format!("/users/{}", done.body["results"][place]["id"]))
            .await;
        assert_eq!(
            (&user.body["roles"], &user.body["is_active"]),
            (&json!(["member"]), &json!(true))
        );
    }
    bob.get("/auth/me").await.expect_status(401);
    eve.get("/auth/me").await.expect_status(401);
}

#[actix_web::test]
async fn a_bulk_cannot_delete_all_superusers() {
    let app = TestApp::new().await;
    let (root, toor) = (app.superuser("root").await, app.superuser("toor").await);

    let both = json!([{ "op": "delete", "id": toor.id }, { "op": "delete", "id": root.id }]);
    bulk(&root, "users", both)
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/operations/0");
    let demote = json!({ "is_superuser": false });
    let both = json!([
        { "op": "update", "id": toor.id, "data": demote },
        { "op": "update", "id": root.id, "data": demote },
    ]);
    bulk(&root, "users", both)
        .await
        .expect_problem(409, "conflict");

    toor.get("/auth/me").await.expect_status(200);
}

/// Each row refers to its own deletion, even if several are made at once.
#[actix_web::test]
async fn rows_of_one_bulk_deletion_are_restored_one_by_one() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let post = ada.publish("Hello").await;
    let comment = bob.comment(post.id(), "…").await;
    let own = ada.comment(post.id(), "…").await;

    let both = json!([{ "op": "delete", "id": bob.id }, { "op": "delete", "id": ada.id }]);
    bulk(&root, "users", both).await.expect_status(200);

    let restore = async |id: i64| {
        root.act(format!("/users/{id}/restore"))
            .await
            .expect_status(200)
    };
    restore(ada.id).await;
    root.get(post.url()).await.expect_status(200);
    root.get(own.url()).await.expect_status(200);
    root.get(comment.url()).await.expect_status(404);
    restore(bob.id).await;
    root.get(comment.url()).await.expect_status(200);
}
