//! Bulk operations on users: roles, sessions, the last superuser, and cascades.
use serde_json::Value;
use service::identity::Identity;
use tests::{TestApp, json};

use super::bulk;

/// Returns the operations that create this many users.
fn new_users(count: usize) -> Value {
    let user = |number| {
        json!({
            "username": format!("user-{number}"),
            "email": format!("user-{number}@example.org"),
            "password": tests::PASSWORD,
        })
    };
    let create = |number| json!({ "op": "create", "data": user(number) });
    (0..count).map(create).collect()
}

/// Each new user costs the hash of a password, and too many of them would exceed the time limit of the request.
#[actix_web::test]
async fn a_bulk_creates_at_most_fifty_users() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let hasher = &app.kernel.state::<Identity>().hasher;
    let before = hasher.taken();

    let refused = bulk(&root, "users", new_users(51)).await;

    let refused = refused
        .expect_problem(422, "validation_failed")
        .expect_error_at("/operations");
    assert_eq!(refused.body["errors"][0]["code"], "out_of_range");
    let detail = refused.body["errors"][0]["detail"].as_str().unwrap();
    assert_eq!(detail, "must have at most 50 operations that create a row");
    assert_eq!(hasher.taken(), before);

    // Other operations do not count.
    let mut operations = new_users(50);
    let rename = json!({ "op": "update", "id": root.id, "data": { "full_name": "Root" } });
    operations.as_array_mut().unwrap().push(rename);
    bulk(&root, "users", operations).await.expect_status(200);
}

#[actix_web::test]
async fn a_bulk_of_users_assigns_the_member_role_and_ends_sessions() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (bob, eve) = (app.member("bob").await, app.member("eve").await);
    let mut operations = new_users(2);
    let changes = json!([
        { "op": "update", "id": bob.id, "data": { "is_active": false } },
        { "op": "delete", "id": eve.id },
    ]);
    let changes = changes.as_array().unwrap().iter().cloned();
    operations.as_array_mut().unwrap().extend(changes);
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
