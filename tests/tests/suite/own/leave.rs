//! `DELETE /auth/me`
use tests::{Backend, Service, TestApp, json, sql};

#[actix_web::test]
async fn a_user_who_leaves_is_deleted_with_the_rows_of_the_user() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let (hers, his) = (ada.publish("Hers").await, bob.publish("His").await);
    ada.comment(his.id(), "by ada").await;

    ada.delete("/auth/me").await.expect_status(204);

    ada.get("/auth/me").await.expect_status(401);
    bob.get(format!("/users/{}", ada.id))
        .await
        .expect_status(404);
    bob.get(hers.url()).await.expect_status(404);
    assert_eq!(bob.get("/comments").await.ids().len(), 0);
    let again = json!({ "login": "ada", "password": tests::PASSWORD });
    ada.with_token("")
        .post("/auth/login", again)
        .await
        .expect_status(401);
    bob.get(his.url()).await.expect_status(200);
}

#[actix_web::test]
async fn rows_that_are_kept_are_reassigned_to_the_deleted_user_account() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    let (hers, his) = (ada.publish("Hers").await, bob.publish("His").await);
    let mine = ada.comment(his.id(), "by ada").await;
    let theirs = bob.comment(hers.id(), "by bob").await;
    let gone = ada.publish("Gone").await;
    ada.delete(gone.url()).await.expect_status(204);
    let root = app.superuser("root").await;

    ada.delete("/auth/me?keep_content=true")
        .await
        .expect_status(204);

    let post = bob.get(hers.url()).await.expect_status(200);
    let heir = post.body["author_id"].as_i64().unwrap();
    assert_ne!(heir, ada.id);
    assert_eq!(post.body["version"], 2);
    let comment = bob.get(mine.url()).await.expect_status(200);
    assert_eq!(
        (&comment.body["author_id"], &comment.body["version"]),
        (&json!(heir), &json!(2))
    );
    let comment = bob.get(theirs.url()).await.expect_status(200);
    assert_eq!(
        (&comment.body["author_id"], &comment.body["version"]),
        (&json!(bob.id), &json!(1))
    );
    let history = root.get(format!("{}/history", hers.url())).await;
    let last = &history.body["data"][0];
    assert_eq!(
        last["changes"],
        json!({ "author_id": { "from": ada.id, "to": heir } })
    );
    assert_eq!(last["actor_id"], ada.id);
    root.get(format!("{}?deleted=only", gone.url()))
        .await
        .expect_status(200);
    let heir = root.get(format!("/users/{heir}")).await.expect_status(200);
    assert_eq!(
        (&heir.body["username"], &heir.body["is_active"]),
        (&json!("[deleted]"), &json!(false))
    );
    assert_eq!(heir.body["roles"], json!([]));
}

#[actix_web::test]
async fn the_deleted_user_account_exists_once_and_cannot_be_changed() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    for name in ["ada", "bob"] {
        let client = app.member(name).await;
        client.publish(name).await;
        client
            .delete("/auth/me?keep_content=true")
            .await
            .expect_status(204);
    }

    let posts = root.get("/posts").await;

    let heirs: Vec<_> = [0, 1]
        .map(|place| posts.body["data"][place]["author_id"].as_i64().unwrap())
        .into();
    assert_eq!(heirs[0], heirs[1]);
    let url = format!("/users/{}", heirs[0]);
    for patch in [json!({ "is_active": true }), json!({ "username": "mine" })] {
        root.patch(&url, patch)
            .await
            .expect_problem(409, "conflict");
    }
    root.delete(&url).await.expect_problem(409, "conflict");
    let nobody = app.anonymous();
    for login in ["[deleted]", "[Deleted]"] {
        let guess = json!({ "login": login, "password": tests::PASSWORD });
        nobody.post("/auth/login", guess).await.expect_status(401);
    }
    for (field, value) in [("username", "[deleted]"), ("email", "[deleted]")] {
        let mut new =
            json!({ "username": "eve", "email": "eve@example.org", "password": tests::PASSWORD });
        new[field] = value.into();
        root.post("/users", new)
            .await
            .expect_problem(422, "validation_failed");
    }
}

#[actix_web::test]
async fn the_last_superuser_stays_with_everything() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let post = root.publish("Hers").await;

    let refused = root.delete("/auth/me?keep_content=true").await;

    refused.expect_problem(409, "conflict");
    assert_eq!(root.get(post.url()).await.body["author_id"], root.id);
    assert_eq!(
        root.get("/users?count=exact").await.body["page"]["total"],
        1
    );
}

#[actix_web::test]
async fn deleting_the_own_account_needs_a_recent_sign_in_and_the_permission() {
    let app = TestApp::new().await;
    let (ada, root) = (app.member("ada").await, app.superuser("root").await);
    let old = if app.backend.is_postgres() {
        "now() - interval '11 minutes'"
    } else {
        "strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', 'now', '-11 minutes')"
    };
    sql::run(
        &app.kernel,
        &format!("UPDATE sessions SET created_at = {old}"),
    )
    .await;

    ada.delete("/auth/me")
        .await
        .expect_problem(403, "forbidden");
    root.delete("/auth/me")
        .await
        .expect_problem(403, "forbidden");

    let ada = ada.with_token(&app.anonymous().login("ada", tests::PASSWORD).await);
    let root = root.with_token(&app.anonymous().login("root", tests::PASSWORD).await);
    let members = root.get("/roles?name=member").await.ids()[0];
    let url = format!("/users/{}/roles/{members}", ada.id);
    root.delete(&url).await.expect_status(204);
    ada.delete("/auth/me")
        .await
        .expect_problem(403, "forbidden");
    root.put(&url).await.expect_status(204);
    ada.delete("/auth/me?keep_content=maybe")
        .await
        .expect_problem(400, "malformed_request");
    ada.delete("/auth/me").await.expect_status(204);
}

/// All users leave at once on a fresh database, and one deleted-user account is created.
#[actix_web::test]
async fn users_who_leave_at_the_same_time_share_one_deleted_user_account() {
    if Backend::current() == Backend::Memory {
        return;
    }
    let service = Service::patient().await;
    let app = TestApp::at(&service.url, Backend::current(), |_| {}).await;
    let mut people = Vec::new();
    for n in 0..6 {
        let client = app.member(&format!("many{n}")).await;
        client.publish("Hello").await;
        people.push(client);
    }

    let leaving = people
        .iter()
        .map(|client| client.delete("/auth/me?keep_content=true"));
    for reply in futures_util::future::join_all(leaving).await {
        reply.expect_status(204);
    }

    let posts = app.anonymous().get("/posts").await;
    let posts = posts.body["data"].as_array().unwrap().clone();
    assert_eq!(posts.len(), 6);
    assert!(
        posts
            .iter()
            .all(|post| post["author_id"] == posts[0]["author_id"])
    );
}
