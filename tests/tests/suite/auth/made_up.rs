//! Tokens that were never issued are refused without a query.
use reqwest::Method;
use tests::{Client, PASSWORD, Reply, TestApp, json, mail::Letters};

use super::login;

/// Tokens of the right form with a wrong checksum.
fn random(bytes: usize) -> String {
    let letters = (bytes * 4).div_ceil(3);
    let letter = |_| char::from(b'a' + rand::random_range(0..26));
    // The last one holds the bits that are left, the others of which are zero.
    (1..letters).map(letter).chain(['A']).collect()
}

/// The last letter replaced by another one that is as well-formed.
fn altered(token: &str) -> String {
    let place = token.len() - 2;
    let other = if &token[place..=place] == "A" {
        "B"
    } else {
        "A"
    };
    format!("{}{other}{}", &token[..place], &token[place + 1..])
}

fn bearing(app: &TestApp, token: &str) -> Client {
    app.anonymous().with_token(token)
}

async fn cookie(app: &TestApp, token: &str) -> Reply {
    let request = app.anonymous().request(Method::GET, "/posts");
    Reply::send(request.header("cookie", format!("__Host-atoll={token}"))).await
}

#[actix_web::test]
async fn a_made_up_token_costs_no_statement_wherever_it_is_sent() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let signed_in = login(&app.anonymous(), "ada", PASSWORD)
        .await
        .expect_status(200);
    let refresh = signed_in.body["refresh_token"].as_str().unwrap().to_owned();
    let key = ada.with_key(&["posts.create.own"]).await;
    let anyone = app.anonymous();
    app.statements.take();

    let bearers = [
        format!("at_{}", random(56)),
        format!("at_{}", random(48)),
        altered(ada.token()),
        ada.token().replacen("at_", "rt_", 1),
        refresh.replacen("rt_", "at_", 1),
        format!("atoll_ab12cd34_{}", random(40)),
        format!("atoll_ab12cd34_{}", random(32)),
        altered(key.token()),
        format!("atoll_00000000_{}", &key.token()[15..]),
        "atoll_".to_owned(),
        "none".to_owned(),
    ];
    for token in &bearers {
        bearing(&app, token)
            .get("/posts")
            .await
            .expect_problem(401, "unauthenticated");
        cookie(&app, token)
            .await
            .expect_problem(401, "unauthenticated");
    }
    for token in [format!("rt_{}", random(56)), altered(&refresh)] {
        let body = json!({ "refresh_token": token });
        anyone
            .post("/auth/refresh", body)
            .await
            .expect_problem(401, "unauthenticated");
    }
    let account = json!({ "username": "eve", "email": "eve@example.org", "password": PASSWORD });
    for token in [random(40), random(32), "none".to_owned()] {
        for (path, body) in [
            (
                "email/verify",
                json!({ "token": token, "password": PASSWORD }),
            ),
            (
                "password/reset",
                json!({ "token": token, "password": PASSWORD }),
            ),
            ("one-time-tokens/check", json!({ "token": token })),
            (
                "invite/accept",
                json!({ "token": token, "account": account }),
            ),
        ] {
            anyone
                .post(format!("/auth/{path}"), body)
                .await
                .expect_problem(422, "validation_failed")
                .expect_error_at("/token");
        }
    }

    let statements = app.statements.take();
    assert!(statements.is_empty(), "{statements:#?}");
    ada.get("/posts").await.expect_status(200);
    key.get("/posts").await.expect_status(200);
}

/// The altered link differs from the sent one in one letter.
#[actix_web::test]
async fn an_altered_link_costs_no_statement() {
    let letters = Letters::new();
    let app = letters.app().await;
    app.user("ada", false, &[]).await;
    let email = json!({ "email": "ada@example.org" });
    app.anonymous()
        .post("/auth/password/forgot", email)
        .await
        .expect_status(202);
    let token = letters.only(&app).await.token();
    app.statements.take();

    let reset = |token: &str| json!({ "token": token, "password": "a completely different one" });
    let refused = app
        .anonymous()
        .post("/auth/password/reset", reset(&altered(&token)))
        .await;

    refused.expect_error_at("/token");
    let statements = app.statements.take();
    assert!(statements.is_empty(), "{statements:#?}");
    app.anonymous()
        .post("/auth/password/reset", reset(&token))
        .await
        .expect_status(204);
}

/// The checksums follow the installation, not `auth.key`: replacing the key ends no session and no API key.
#[actix_web::test]
async fn another_auth_key_ends_no_token() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let key = ada.with_key(&["posts.create.own"]).await;
    if app.backend == tests::Backend::Memory {
        return;
    }
    let other = TestApp::at(&app.url, app.backend, |with| {
        with.service.auth.key = Some("another key of this installation".into());
    })
    .await;

    for token in [ada.token(), key.token()] {
        bearing(&other, token)
            .get("/auth/me")
            .await
            .expect_status(200);
    }
}
