//! Changing the address takes the password and, if mail is configured, a verification.
use tests::{PASSWORD, TestApp, json, mail::Letters};

use super::{heads, state, verify};

const NEW: &str = "new@example.org";

#[actix_web::test]
async fn another_address_takes_effect_when_it_is_verified_and_the_former_one_hears_of_it() {
    let letters = Letters::new();
    let app = letters.app().await;
    let ada = app.member("ada").await;
    let wish = json!({ "email": NEW, "current_password": PASSWORD, "bio": "…" });

    let me = ada.patch("/auth/me", wish).await.expect_status(200);
    assert_eq!(
        (&me.body["email"], &me.body["bio"]),
        (&json!("ada@example.org"), &json!("…"))
    );
    assert_eq!(me.body["pending_email"], NEW);
    let letter = letters.only(&app).await;
    assert_eq!(
        (letter.to.as_str(), letter.subject.as_str()),
        (NEW, "Confirm your new e-mail address")
    );
    verify(&app, &letter.token()).await.expect_status(204);

    let me = ada.get("/auth/me").await;
    assert_eq!(
        (&me.body["email"], &me.body["version"]),
        (&json!(NEW), &json!(3))
    );
    assert_eq!(state(&ada).await, (true, None));
    assert_eq!(
        heads(&letters.sent(&app).await),
        [("ada@example.org", "Your e-mail address was changed")]
    );
    let root = app.superuser("root").await;
    let history = root.get(format!("/users/{}/history", ada.id)).await;
    let changes = json!({ "email": { "from": "ada@example.org", "to": NEW } });
    assert_eq!(history.body["data"][1]["changes"], changes);
    verify(&app, &letter.token())
        .await
        .expect_error_at("/token");
}

#[actix_web::test]
async fn without_mail_another_address_takes_effect_at_once() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    app.user("bob", false, &[]).await;
    let wish = |email: &str| json!({ "email": email, "current_password": PASSWORD });

    ada.patch("/auth/me", wish("BOB@example.org"))
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/email");
    let me = ada.patch("/auth/me", wish(NEW)).await.expect_status(200);

    assert_eq!(
        (&me.body["email"], &me.body["pending_email"]),
        (&json!(NEW), &json!(null))
    );
    assert_eq!(me.body["version"], 2);
}

#[actix_web::test]
async fn nobody_changes_an_address_without_the_password() {
    for letters in [None, Some(Letters::new())] {
        let app = match &letters {
            Some(letters) => letters.app().await,
            None => TestApp::new().await,
        };
        let (ada, root) = (app.member("ada").await, app.superuser("root").await);

        for password in [json!({}), json!({ "current_password": "something else" })] {
            let mut wish = json!({ "email": NEW, "bio": "…" });
            wish.as_object_mut()
                .unwrap()
                .extend(password.as_object().unwrap().clone());
            ada.patch("/auth/me", wish)
                .await
                .expect_problem(422, "validation_failed")
                .expect_error_at("/current_password");
        }
        // Other routes refuse the change too, whatever the caller's permissions.
        for who in [&ada, &root] {
            let (user, patch) = (format!("/users/{}", who.id), json!({ "email": NEW }));
            let bulk = json!({ "operations": [{ "op": "update", "id": who.id, "data": patch }] });
            who.patch(&user, patch)
                .await
                .expect_problem(422, "validation_failed")
                .expect_error_at("/email");
            who.post("/users/bulk", bulk)
                .await
                .expect_problem(422, "validation_failed")
                .expect_error_at("/operations/0/data/email");
        }

        let me = ada.get("/auth/me").await;
        assert_eq!(
            (&me.body["email"], &me.body["version"]),
            (&json!("ada@example.org"), &json!(1))
        );
        ada.patch("/auth/me", json!({ "email": "ada@example.org" }))
            .await
            .expect_status(200);
        ada.patch(
            format!("/users/{}", ada.id),
            json!({ "email": "ada@example.org" }),
        )
        .await
        .expect_status(200);
        if let Some(letters) = letters {
            assert_eq!(heads(&letters.sent_at_last(&app).await), []);
        }
    }
}

#[actix_web::test]
async fn one_does_not_go_back_to_a_former_address_without_the_password() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let wish = json!({ "email": NEW, "current_password": PASSWORD });
    root.patch("/auth/me", wish).await.expect_status(200);

    let revert = root
        .post(
            format!("/users/{}/revert", root.id),
            json!({ "version": 1 }),
        )
        .await;

    revert
        .expect_problem(422, "validation_failed")
        .expect_error_at("/email");
}

#[actix_web::test]
async fn an_administrator_sets_the_address_of_others_at_once_and_they_hear_of_it() {
    let letters = Letters::new();
    let app = letters.app().await;
    let (ada, admin) = (app.member("ada").await, app.admin("admin").await);

    let user = admin
        .patch(format!("/users/{}", ada.id), json!({ "email": NEW }))
        .await;

    assert_eq!(user.expect_status(200).body["email"], NEW);
    assert_eq!(state(&ada).await, (false, None));
    assert_eq!(
        heads(&letters.sent(&app).await),
        [("ada@example.org", "Your e-mail address was changed")]
    );
}

#[actix_web::test]
async fn the_last_of_several_address_changes_counts_and_is_mailed_at_most_once_a_minute() {
    let letters = Letters::new();
    let app = letters.app().await;
    let ada = app.member("ada").await;
    let wish = |email: &str| json!({ "email": email, "current_password": PASSWORD });
    ada.patch("/auth/me", wish("typo@example.org"))
        .await
        .expect_status(200);
    let first = letters.only(&app).await.token();

    ada.patch("/auth/me", wish("worse@example.org"))
        .await
        .expect_status(200);
    ada.patch("/auth/me", wish(NEW)).await.expect_status(200);
    ada.act("/auth/email/verify/resend")
        .await
        .expect_status(202);
    assert_eq!(heads(&letters.sent(&app).await), []);
    let sent = letters.sent_at_last(&app).await;

    assert_eq!(heads(&sent), [(NEW, "Confirm your new e-mail address")]);
    verify(&app, &first).await.expect_error_at("/token");
    verify(&app, &sent[0].token()).await.expect_status(204);
    assert_eq!(state(&ada).await, (true, None));
}

#[actix_web::test]
async fn an_address_that_another_has_meanwhile_is_a_conflict_for_who_reads_its_mail() {
    let letters = Letters::new();
    let app = letters.app().await;
    let ada = app.member("ada").await;
    let wish = json!({ "email": "bob@example.org", "current_password": PASSWORD });
    ada.patch("/auth/me", wish).await.expect_status(200);
    let token = letters.only(&app).await.token();
    app.user("bob", false, &[]).await;

    verify(&app, &token)
        .await
        .expect_problem(409, "conflict")
        .expect_error_at("/email");

    assert_eq!(
        state(&ada).await,
        (false, Some("bob@example.org".to_owned()))
    );
}
