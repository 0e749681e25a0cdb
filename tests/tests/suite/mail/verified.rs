//! An address is verified by a token that was sent to it.
use tests::{TestApp, json, mail::Letters, sql};

use super::{expire, forgot, heads, later, register, sign_in, state, verify};

const CONFIRM: &str = "Confirm your e-mail address";

#[actix_web::test]
async fn a_newcomer_verifies_the_address_with_what_came_there_once() {
    let letters = Letters::new();
    let app = letters.app().await;
    register(&app, "ada", "Ada@example.org")
        .await
        .expect_status(202);
    let letter = letters.only(&app).await;
    assert_eq!(
        (letter.to.as_str(), letter.subject.as_str()),
        ("Ada@example.org", CONFIRM)
    );
    let token = sign_in(&app, "ada", tests::PASSWORD)
        .await
        .expect_status(200);
    let ada = app
        .anonymous()
        .with_token(token.body["token"].as_str().unwrap());
    assert_eq!(state(&ada).await, (false, None));

    verify(&app, &letter.token()).await.expect_status(204);

    assert_eq!(state(&ada).await, (true, None));
    let me = ada.get("/auth/me").await;
    assert_eq!(
        me.body["version"], 1,
        "being verified is no change of the user"
    );
    verify(&app, &letter.token())
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/token");
    let root = app.superuser("root").await;
    let history = root.get(format!("/users/{}/history", me.id())).await;
    let actions: Vec<_> = history.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .map(|e| e["action"].clone())
        .collect();
    assert_eq!(actions, ["email_verified", "signed_in", "created"]);
}

/// Returns the status, the headers and the body, without the request id and the time.
#[actix_web::test]
async fn registering_a_taken_address_looks_like_any_other_and_its_owner_hears_of_it_once() {
    let letters = Letters::new();
    let app = letters.app().await;
    app.user("ada", false, &[]).await;

    let mut free = register(&app, "bob", "bob@example.org")
        .await
        .expect_status(202);
    let mut taken = register(&app, "eve", "ADA@example.org")
        .await
        .expect_status(202);

    register(&app, "eve", "ada@example.org")
        .await
        .expect_status(202);
    for reply in [&mut free, &mut taken] {
        reply.headers.remove("x-request-id");
        reply.headers.remove("date");
    }
    assert_eq!((&free.headers, &free.text), (&taken.headers, &taken.text));
    assert_eq!(free.text, "");
    for email in ["ada@example.org", "free@example.org"] {
        register(&app, "Bob", email)
            .await
            .expect_problem(409, "conflict")
            .expect_error_at("/username");
    }
    assert_eq!(
        heads(&letters.sent(&app).await),
        [("bob@example.org", CONFIRM)]
    );
    assert_eq!(
        heads(&letters.sent_at_last(&app).await),
        [("ada@example.org", "You already have an account")]
    );
}

#[actix_web::test]
async fn without_mail_registration_reports_a_taken_address() {
    let app = TestApp::new().await;

    let user = register(&app, "ada", "ada@example.org")
        .await
        .expect_status(201);
    register(&app, "bob", "ada@example.org")
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/email");

    forgot(&app, "ada@example.org").await.expect_status(202);
    assert_eq!(user.body["email"], "ada@example.org");
}

#[actix_web::test]
async fn the_letter_is_sent_again_on_request_and_only_the_last_one_counts() {
    let letters = Letters::new();
    let app = letters.app().await;
    let ada = app.member("ada").await;
    ada.act("/auth/email/verify/resend")
        .await
        .expect_status(202);
    let first = letters.only(&app).await.token();

    ada.act("/auth/email/verify/resend")
        .await
        .expect_status(202);
    assert_eq!(heads(&letters.sent(&app).await), [], "within a minute");
    later(&app).await;
    ada.act("/auth/email/verify/resend")
        .await
        .expect_status(202);
    let second = letters.only(&app).await.token();

    verify(&app, &first).await.expect_error_at("/token");
    verify(&app, &second).await.expect_status(204);
    later(&app).await;
    ada.act("/auth/email/verify/resend")
        .await
        .expect_status(202);
    assert_eq!(
        heads(&letters.sent(&app).await),
        [],
        "there is nothing to show any more"
    );
}

#[actix_web::test]
async fn a_token_that_is_old_or_for_something_else_verifies_nothing() {
    let letters = Letters::new();
    let app = letters.app().await;
    let ada = app.member("ada").await;
    forgot(&app, "ada@example.org").await.expect_status(202);
    let other = letters.only(&app).await.token();
    ada.act("/auth/email/verify/resend")
        .await
        .expect_status(202);
    let old = letters.only(&app).await.token();

    expire(&app).await;

    for token in [other.as_str(), old.as_str(), "none", "\u{1f511}"] {
        verify(&app, token)
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at("/token");
    }
    for token in [json!({}), json!({ "token": "x".repeat(129) })] {
        let reply = app.anonymous().post("/auth/email/verify", token).await;
        reply
            .expect_problem(422, "validation_failed")
            .expect_error_at("/token");
    }
    assert_eq!(state(&ada).await, (false, None));
}

#[actix_web::test]
async fn a_letter_to_a_former_address_verifies_nothing() {
    let letters = Letters::new();
    let app = letters.app().await;
    let (ada, root) = (app.member("ada").await, app.superuser("root").await);
    ada.act("/auth/email/verify/resend")
        .await
        .expect_status(202);
    let token = letters.only(&app).await.token();

    let another = json!({ "email": "another@example.org" });
    root.patch(format!("/users/{}", ada.id), another)
        .await
        .expect_status(200);

    verify(&app, &token).await.expect_error_at("/token");
    assert_eq!(state(&ada).await, (false, None));
}

#[actix_web::test]
async fn an_unverified_user_can_only_read_if_verification_is_required() {
    let letters = Letters::new();
    let app = TestApp::with(|with| {
        with.service.mail = letters.mailer();
        with.service.auth.require_verified_email = true;
    })
    .await;
    let (ada, root) = (app.member("ada").await, app.superuser("root").await);
    let post = json!({ "title": "Title", "content": "…" });

    for (who, path) in [(&ada, "/posts"), (&root, "/roles")] {
        let refused = who
            .post(path, post.clone())
            .await
            .expect_problem(403, "forbidden");
        assert!(
            refused.body["detail"]
                .as_str()
                .unwrap()
                .contains("/auth/email/verify/resend")
        );
    }
    root.delete(format!("/users/{}", ada.id))
        .await
        .expect_problem(403, "forbidden");
    ada.get("/posts").await.expect_status(200);
    ada.patch("/auth/me", json!({ "bio": "…" }))
        .await
        .expect_status(200);
    ada.act("/auth/email/verify/resend")
        .await
        .expect_status(202);
    verify(&app, &letters.only(&app).await.token())
        .await
        .expect_status(204);

    ada.post("/posts", post.clone()).await.expect_status(201);
    let another = json!({ "email": "another@example.org", "current_password": tests::PASSWORD });
    ada.patch("/auth/me", another).await.expect_status(200);
    ada.post("/posts", post.clone()).await.expect_status(201);
    sql::run(
        &app.kernel,
        "UPDATE verified_emails SET email_key = 'former@example.org'",
    )
    .await;
    ada.post("/posts", post)
        .await
        .expect_problem(403, "forbidden");
}
