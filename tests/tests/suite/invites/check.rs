//! The check of a token before it is used.
use service::identity::Registration;
use tests::{Client, PASSWORD, Reply, TestApp, json, mail::Letters, sql};

use super::{accept, first_link, invited};
use secrecy::ExposeSecret;

async fn check(client: &Client, token: &str) -> Reply {
    let body = json!({ "token": token });
    client.post("/auth/one-time-tokens/check", body).await
}

#[track_caller]
fn expect_invalid(reply: Reply) -> Reply {
    let reply = reply
        .expect_problem(422, "validation_failed")
        .expect_error_at("/token");
    assert_eq!(reply.body["errors"][0]["code"], "invalid_token");
    reply
}

/// Expires all tokens.
async fn expire(app: &TestApp) {
    let late = format!("UPDATE one_time_tokens SET expires_at = {}", app.ago(1));
    sql::run(&app.kernel, &late).await;
}

#[actix_web::test]
async fn an_invitation_says_what_account_it_creates() {
    let app = TestApp::with(|with| with.service.auth.registration = Registration::Closed).await;
    let anyone = app.anonymous();
    let links = [
        (first_link(&app).await, true, None),
        (invited(&app, true, None).await, true, None),
        (invited(&app, false, None).await, false, None),
        (
            invited(&app, false, Some("ada@example.org")).await,
            false,
            Some("ada@example.org"),
        ),
    ];

    for (token, is_superuser, email) in links {
        let reply = check(&anyone, token.expose_secret()).await;

        let reply = reply.expect_status(200);
        assert_eq!(reply.body["purpose"], "accept_invitation");
        assert!(reply.body["expires_at"].is_string());
        assert_eq!(
            reply.body["account"],
            json!({ "is_superuser": is_superuser, "roles": ["member"], "email": email })
        );
        assert_eq!(reply.header("cache-control"), "no-store");
    }
}

#[actix_web::test]
async fn a_check_does_not_use_the_token() {
    let app = TestApp::new().await;
    let (anyone, token) = (app.anonymous(), invited(&app, false, None).await);

    for _ in 0..3 {
        let reply = check(&anyone, token.expose_secret()).await;
        reply.expect_status(200);
    }

    accept(&anyone, &token, "ada").await.expect_status(201);
}

#[actix_web::test]
async fn unknown_used_and_expired_tokens_get_the_same_answer() {
    let app = TestApp::new().await;
    let anyone = app.anonymous();
    let (used, late) = (
        invited(&app, false, None).await,
        invited(&app, false, None).await,
    );
    accept(&anyone, &used, "ada").await.expect_status(201);
    expire(&app).await;

    let mut answers = Vec::new();
    for token in ["made-up", used.expose_secret(), late.expose_secret()] {
        let reply = expect_invalid(check(&anyone, token).await);
        answers.push(reply.body["errors"].clone());
    }

    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}

#[actix_web::test]
async fn the_first_link_is_invalid_once_there_is_a_superuser() {
    let app = TestApp::new().await;
    let link = first_link(&app).await;
    app.superuser("root").await;

    expect_invalid(check(&app.anonymous(), link.expose_secret()).await);
}

#[actix_web::test]
async fn a_token_from_a_mail_says_what_it_is_for_and_names_no_user() {
    let letters = Letters::new();
    let app = letters.app().await;
    let anyone = app.anonymous();
    app.user("ada", false, &[]).await;
    let forgotten = json!({ "email": "ada@example.org" });
    let forgotten = anyone.post("/auth/password/forgot", forgotten).await;
    forgotten.expect_status(202);
    let reset = letters.only(&app).await.token();
    let new = json!({ "username": "bob", "email": "bob@example.org", "password": PASSWORD });
    anyone.post("/auth/register", new).await.expect_status(202);
    let verify = letters.only(&app).await.token();

    for (token, purpose) in [(&reset, "reset_password"), (&verify, "verify_email")] {
        let reply = check(&anyone, token).await.expect_status(200);

        assert_eq!(reply.body["purpose"], purpose);
        assert!(reply.body["account"].is_null());
        for secret in ["ada", "bob", "example.org"] {
            assert!(!reply.text.contains(secret), "{}", reply.text);
        }
    }

    // The links of a user who is deactivated or has another address do not work, so the check says so.
    sql::run(
        &app.kernel,
        "UPDATE users SET is_active = false WHERE username = 'ada'",
    )
    .await;
    let other = "UPDATE users SET email = 'b@example.org', email_key = 'b@example.org' WHERE username = 'bob'";
    sql::run(&app.kernel, other).await;
    expect_invalid(check(&anyone, &reset).await);
    expect_invalid(check(&anyone, &verify).await);
}

#[actix_web::test]
async fn checks_are_limited_like_the_other_routes_of_accounts() {
    let app = TestApp::with(|knobs| knobs.rate_limit.auth = 2).await;
    let anyone = app.anonymous();

    for _ in 0..2 {
        expect_invalid(check(&anyone, "made-up").await);
    }

    check(&anyone, "made-up")
        .await
        .expect_problem(429, "rate_limited");
}
