//! `POST /auth/password` changes the password and ends every other session.
use futures_util::future::join_all;
use tests::{Client, PASSWORD, Reply, TestApp, json};

use super::login;

async fn change(who: &Client, current: &str, new: &str) -> Reply {
    let change = json!({ "current_password": current, "new_password": new });
    who.post("/auth/password", change).await
}

#[actix_web::test]
async fn a_new_password_ends_every_other_session() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let bob = app.member("bob").await;
    let other = ada.with_token(&app.anonymous().login("ada", PASSWORD).await);

    change(&ada, PASSWORD, "another password")
        .await
        .expect_status(204);

    ada.get("/auth/me").await.expect_status(200);
    other.get("/auth/me").await.expect_status(401);
    bob.get("/auth/me").await.expect_status(200);
    login(&app.anonymous(), "ada", PASSWORD)
        .await
        .expect_status(401);
    login(&app.anonymous(), "ada", "another password")
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn who_does_not_know_the_password_does_not_change_it() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let other = ada.with_token(&app.anonymous().login("ada", PASSWORD).await);

    change(&ada, "something else", "another password")
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/current_password");
    change(&ada, PASSWORD, "short")
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/new_password");

    other.get("/auth/me").await.expect_status(200);
    login(&app.anonymous(), "ada", PASSWORD)
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn a_change_of_password_is_in_the_history_without_it() {
    let app = TestApp::new().await;
    let ada = app.admin("ada").await;

    change(&ada, PASSWORD, "another password")
        .await
        .expect_status(204);

    let history = ada.get(format!("/users/{}/history", ada.id)).await;
    assert_eq!(history.body["data"][0]["action"], "password_changed");
    assert_eq!(history.body["data"][0]["changes"], json!({}));
    assert!(!history.text.contains("another password"));
    assert!(!history.text.contains("argon2"));
}

/// Every request sends the first password, which is current for only one of them.
#[actix_web::test]
async fn one_of_several_concurrent_password_changes_succeeds() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let new: Vec<_> = (0..4)
        .map(|place| format!("another password {place}"))
        .collect();

    let replies = join_all(new.iter().map(|new| change(&ada, PASSWORD, new))).await;

    let made: Vec<_> = replies
        .iter()
        .enumerate()
        .filter(|(_, reply)| reply.status == 204)
        .collect();
    let refused = replies.iter().filter(|reply| reply.status == 422).count();
    assert_eq!((made.len(), refused), (1, 3));
    login(&app.anonymous(), "ada", &new[made[0].0])
        .await
        .expect_status(200);
}
