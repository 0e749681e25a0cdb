//! Enabling and disabling a second factor.
use futures_util::future::join_all;
use tests::{Authenticator, PASSWORD, TestApp, json};

use super::{end, has_totp, sign_in};

#[actix_web::test]
async fn it_begins_with_the_password_and_is_off_until_a_code_is_shown() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    ada.post(
        "/auth/totp",
        json!({ "current_password": "something else" }),
    )
    .await
    .expect_problem(422, "validation_failed")
    .expect_error_at("/current_password");
    ada.post("/auth/totp/confirm", json!({ "otp": "000000" }))
        .await
        .expect_problem(409, "conflict");
    let started = ada
        .post("/auth/totp", json!({ "current_password": PASSWORD }))
        .await
        .expect_status(200);

    let secret = started.body["secret"].as_str().unwrap();
    assert_eq!(secret.len(), 32);
    assert_eq!(
        started.body["uri"],
        format!("otpauth://totp/Atoll:ada?secret={secret}&issuer=Atoll")
    );
    assert_eq!(started.header("cache-control"), "no-store");
    assert_eq!(has_totp(&ada).await, false);
    sign_in(&app, PASSWORD, None).await.expect_status(200);
    end(&ada, &Authenticator::from_reply(&started).code(0))
        .await
        .expect_problem(404, "not_found");
}

#[actix_web::test]
async fn only_a_second_factor_that_is_not_enabled_can_be_started_again() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let lost = Authenticator::pending(&ada).await;
    let phone = Authenticator::pending(&ada).await;
    let confirm = async |code: &str| ada.post("/auth/totp/confirm", json!({ "otp": code })).await;

    confirm(&lost.code(0))
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/otp");
    let codes: Vec<_> = (0..4).map(|_| phone.code(0)).collect();
    let replies = join_all(codes.iter().map(|code| confirm(code))).await;

    let on = replies.iter().filter(|reply| reply.status == 200).count();
    assert_eq!(on, 1);
    assert!(replies.iter().all(|it| [200, 409].contains(&it.status)));
    ada.post("/auth/totp", json!({ "current_password": PASSWORD }))
        .await
        .expect_problem(409, "conflict");
    confirm(&phone.code(1))
        .await
        .expect_problem(409, "conflict");
    sign_in(&app, PASSWORD, Some(&phone.code(1)))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn a_code_or_a_recovery_code_turns_it_off_and_nothing_else() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    for by_recovery in [false, true] {
        let phone = Authenticator::enabled(&ada).await;
        ada.delete("/auth/totp")
            .await
            .expect_problem(415, "unsupported_media_type");
        for wrong in ["000000", PASSWORD, &phone.code(-3)] {
            end(&ada, wrong)
                .await
                .expect_problem(422, "validation_failed")
                .expect_error_at("/otp");
        }
        let good = if by_recovery {
            phone.recovery_codes[9].clone()
        } else {
            phone.code(1)
        };
        end(&ada, &good).await.expect_status(204);

        assert_eq!(has_totp(&ada).await, false);
        sign_in(&app, PASSWORD, None).await.expect_status(200);
        end(&ada, &good).await.expect_problem(404, "not_found");
    }
}
