//! Resetting a forgotten password by mail.
use futures_util::future::join_all;
use serde_json::Value;
use tests::{PASSWORD, json, mail::Letters};

use super::{expire, forgot, heads, later, reset, sign_in, state, verify};

const CHOOSE: &str = "Choose a new password";
const NEW: &str = "a completely different one";

#[actix_web::test]
async fn a_new_password_by_mail_ends_every_session_and_counts_once() {
    let letters = Letters::new();
    let app = letters.app().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);

    forgot(&app, " ADA@example.org ").await.expect_status(202);
    let letter = letters.only(&app).await;
    assert_eq!(letter.subject, CHOOSE);
    reset(&app, &letter.token(), NEW).await.expect_status(204);

    ada.get("/auth/me")
        .await
        .expect_problem(401, "unauthenticated");
    bob.get("/auth/me").await.expect_status(200);
    sign_in(&app, "ada", PASSWORD).await.expect_status(401);
    let token = sign_in(&app, "ada", NEW).await.expect_status(200);
    let ada = ada.with_token(token.body["token"].as_str().unwrap());
    assert!(state(&ada).await.0, "the token came to that address");
    assert_eq!(
        heads(&letters.sent(&app).await),
        [
            ("ada@example.org", "A sign-in from a new device"),
            ("ada@example.org", "Your password was changed"),
        ]
    );
    reset(&app, &letter.token(), "yet another password")
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/token");
    let root = app.superuser("root").await;
    let history = root.get(format!("/users/{}/history", ada.id)).await;
    let actions: Vec<_> = history.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["action"].clone())
        .collect();
    assert_eq!(actions[1..3], ["email_verified", "password_reset"]);
}

#[actix_web::test]
async fn a_forgotten_password_says_nothing_of_who_there_is() {
    let letters = Letters::new();
    let app = letters.app().await;
    let root = app.superuser("root").await;
    let (inactive, deleted) = (
        app.user("inactive", false, &[]).await,
        app.user("deleted", false, &[]).await,
    );
    app.user("ada", false, &[]).await;
    let off = json!({ "is_active": false });
    root.patch(format!("/users/{inactive}"), off)
        .await
        .expect_status(200);
    root.delete(format!("/users/{deleted}"))
        .await
        .expect_status(204);
    app.statements.take();

    let mut answers = Vec::new();
    for name in ["ada", "nobody", "inactive", "deleted", "ada"] {
        let mut reply = forgot(&app, &format!("{name}@example.org"))
            .await
            .expect_status(202);
        reply.headers.remove("x-request-id");
        reply.headers.remove("date");
        answers.push((reply.headers, reply.text, app.statements.take()));
    }

    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    assert_eq!(
        heads(&letters.sent(&app).await),
        [("ada@example.org", CHOOSE)]
    );
}

#[actix_web::test]
async fn a_token_that_is_old_replaced_or_for_something_else_opens_nothing() {
    let letters = Letters::new();
    let app = letters.app().await;
    let ada = app.member("ada").await;
    let ask = async || forgot(&app, "ada@example.org").await.expect_status(202);
    ask().await;
    let replaced = letters.only(&app).await.token();
    for _ in 0..2 {
        later(&app).await;
        ask().await;
        letters.only(&app).await;
    }
    later(&app).await;
    ask().await;
    let old = letters.only(&app).await.token();
    ada.act("/auth/email/verify/resend")
        .await
        .expect_status(202);
    let other = letters.only(&app).await.token();

    for token in [&replaced, &other] {
        reset(&app, token, NEW).await.expect_error_at("/token");
    }
    verify(&app, &old).await.expect_error_at("/token");
    expire(&app).await;
    reset(&app, &old, NEW).await.expect_error_at("/token");

    sign_in(&app, "ada", PASSWORD).await.expect_status(200);
    ada.get("/auth/me").await.expect_status(200);
}

/// A stranger who requests links cannot prevent the owner from using one.
#[actix_web::test]
async fn the_last_three_links_are_good_and_one_of_them_ends_all() {
    let letters = Letters::new();
    let app = letters.app().await;
    app.user("ada", false, &[]).await;
    let mut tokens = Vec::new();
    for _ in 0..4 {
        forgot(&app, "ada@example.org").await.expect_status(202);
        tokens.push(letters.only(&app).await.token());
        later(&app).await;
    }

    reset(&app, &tokens[0], NEW).await.expect_error_at("/token");
    // The link is opened but not used.
    for token in &tokens[1..] {
        reset(&app, token, "short")
            .await
            .expect_error_at("/password");
    }
    reset(&app, &tokens[1], NEW).await.expect_status(204);
    for token in &tokens {
        reset(&app, token, "yet another password")
            .await
            .expect_error_at("/token");
    }
    sign_in(&app, "ada", NEW).await.expect_status(200);
}

#[actix_web::test]
async fn one_of_several_concurrent_reset_links_is_used() {
    let letters = Letters::new();
    let app = letters.app().await;
    app.user("ada", false, &[]).await;
    let mut tokens = Vec::new();
    for _ in 0..3 {
        forgot(&app, "ada@example.org").await.expect_status(202);
        tokens.push(letters.only(&app).await.token());
        later(&app).await;
    }

    let replies = join_all(tokens.iter().map(|token| reset(&app, token, NEW))).await;

    let mut statuses: Vec<_> = replies.iter().map(|reply| reply.status).collect();
    statuses.sort_unstable();
    assert_eq!(statuses, [204, 422, 422], "{replies:?}");
}

#[actix_web::test]
async fn a_refused_password_leaves_the_token_good() {
    let letters = Letters::new();
    let app = letters.app().await;
    app.user("ada", false, &[]).await;
    forgot(&app, "ada@example.org").await.expect_status(202);
    let token = letters.only(&app).await.token();

    reset(&app, &token, "short")
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/password");

    reset(&app, &token, NEW).await.expect_status(204);
}

#[actix_web::test]
async fn a_token_is_good_for_the_user_as_they_were_when_it_was_sent() {
    let letters = Letters::new();
    let app = letters.app().await;
    let root = app.superuser("root").await;
    let changes: [(&str, Option<Value>); 4] = [
        ("inactive", Some(json!({ "is_active": false }))),
        ("moved", Some(json!({ "email": "elsewhere@example.org" }))),
        ("deleted", None),
        ("changed", None),
    ];
    for (name, change) in changes {
        let who = app.member(name).await;
        forgot(&app, &format!("{name}@example.org"))
            .await
            .expect_status(202);
        let token = letters.only(&app).await.token();
        let user = format!("/users/{}", who.id);
        match (name, change) {
            (_, Some(change)) => drop(root.patch(user, change).await.expect_status(200)),
            ("deleted", _) => drop(root.delete(user).await.expect_status(204)),
            _ => {
                let change = json!({ "current_password": PASSWORD, "new_password": NEW });
                who.post("/auth/password", change).await.expect_status(204);
            }
        }

        let reply = reset(&app, &token, "an intruder's password").await;

        reply
            .expect_problem(422, "validation_failed")
            .expect_error_at("/token");
        letters.sent(&app).await;
    }
}

#[actix_web::test]
async fn of_several_resets_at_once_one_is_made() {
    let letters = Letters::new();
    let app = letters.app().await;
    app.user("ada", false, &[]).await;
    forgot(&app, "ada@example.org").await.expect_status(202);
    let token = letters.only(&app).await.token();
    let new: Vec<_> = (0..4).map(|place| format!("{NEW} {place}")).collect();

    let replies = join_all(new.iter().map(|new| reset(&app, &token, new))).await;

    let made: Vec<_> = replies
        .iter()
        .enumerate()
        .filter(|(_, reply)| reply.status == 204)
        .collect();
    let refused = replies.iter().filter(|reply| reply.status == 422).count();
    assert_eq!((made.len(), refused), (1, 3), "{replies:?}");
    sign_in(&app, "ada", &new[made[0].0])
        .await
        .expect_status(200);
}

/// The pending change of address may have been requested by someone else.
#[actix_web::test]
async fn a_reset_takes_back_a_change_of_address() {
    let letters = Letters::new();
    let app = letters.app().await;
    let ada = app.member("ada").await;
    let wish = json!({ "email": "eve@example.org", "current_password": PASSWORD });
    ada.patch("/auth/me", wish).await.expect_status(200);
    let address = letters.only(&app).await.token();
    forgot(&app, "ada@example.org").await.expect_status(202);
    let token = letters.only(&app).await.token();

    reset(&app, &token, NEW).await.expect_status(204);

    verify(&app, &address).await.expect_error_at("/token");
    sign_in(&app, "ada@example.org", NEW)
        .await
        .expect_status(200);
}
