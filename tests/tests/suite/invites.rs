//! Accounts that are created by a link: the first superuser, and the people an operator invites.
mod check;
mod links;
mod pages;

use futures_util::future::join_all;
use kernel::Actor;
use secrecy::{ExposeSecret, SecretString};
use service::identity::{
    Invitation, Registration, create_first_run_token, invite, revoke_first_run_token,
};
use tests::{Client, PASSWORD, Reply, TestApp, json, sql};

async fn accept(client: &Client, token: &SecretString, name: &str) -> Reply {
    let account = json!({
        "username": name, "email": format!("{name}@example.org"), "password": PASSWORD,
    });
    let body = json!({ "token": token.expose_secret(), "account": account });
    client.post("/auth/invite/accept", body).await
}

async fn invited(app: &TestApp, is_superuser: bool, email: Option<&str>) -> SecretString {
    let email = email.map(str::to_owned);
    let invitation = Invitation {
        is_superuser,
        email,
    };
    let operator = app.kernel.session(Actor::System);
    invite(&operator, &invitation).await.unwrap()
}

async fn first_link(app: &TestApp) -> SecretString {
    create_first_run_token(&app.kernel).await.unwrap().unwrap()
}

#[actix_web::test]
async fn an_invitation_creates_one_account_even_if_registration_is_closed() {
    let app = TestApp::with(|with| with.service.auth.registration = Registration::Closed).await;
    let (anyone, token) = (app.anonymous(), invited(&app, false, None).await);

    let ada = accept(&anyone, &token, "ada").await.expect_status(201);

    assert_eq!(ada.body["is_superuser"], false);
    assert_eq!(ada.body["roles"], json!(["member"]));
    assert_eq!(ada.url(), format!("/api/v1/users/{}", ada.id()));
    anyone.login("ada", PASSWORD).await;
    let again = accept(&anyone, &token, "bob").await;
    again
        .expect_problem(422, "validation_failed")
        .expect_error_at("/token");
}

#[actix_web::test]
async fn only_an_invitation_of_a_superuser_creates_a_superuser() {
    let app = TestApp::new().await;
    let anyone = app.anonymous();

    for (is_superuser, name) in [(true, "root"), (false, "ada")] {
        let token = invited(&app, is_superuser, None).await;
        let made = accept(&anyone, &token, name).await.expect_status(201);
        assert_eq!(made.body["is_superuser"], is_superuser);
    }
    let token = invited(&app, false, None).await;
    let more = json!({
        "token": token.expose_secret(),
        "account": { "username": "eve", "email": "eve@example.org", "password": PASSWORD, "is_superuser": true },
    });
    anyone
        .post("/auth/invite/accept", more)
        .await
        .expect_problem(422, "validation_failed");
}

#[actix_web::test]
async fn an_invitation_for_an_address_is_valid_for_no_other() {
    let app = TestApp::new().await;
    let anyone = app.anonymous();
    let token = invited(&app, false, Some("Ada@example.org")).await;

    let other = accept(&anyone, &token, "eve").await;
    other
        .expect_problem(422, "validation_failed")
        .expect_error_at("/account/email");

    accept(&anyone, &token, "ada").await.expect_status(201);
}

#[actix_web::test]
async fn an_invitation_is_valid_after_refusals_until_it_expires() {
    let app = TestApp::new().await;
    app.member("ada").await;
    let (anyone, token) = (app.anonymous(), invited(&app, false, None).await);

    accept(&anyone, &token, "ada")
        .await
        .expect_problem(409, "conflict");
    accept(&anyone, &token, "a")
        .await
        .expect_problem(422, "validation_failed");
    let over = if app.backend.is_postgres() {
        "now() - interval '1 second'"
    } else {
        "strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', 'now', '-1 seconds')"
    };
    let late = format!("UPDATE one_time_tokens SET expires_at = {over}");
    let bob = accept(&anyone, &token, "bob").await;
    bob.expect_status(201);
    let token = invited(&app, false, None).await;
    sql::run(&app.kernel, &late).await;

    accept(&anyone, &token, "eve")
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/token");
}

#[actix_web::test]
async fn the_first_link_is_void_once_there_is_a_superuser() {
    let app = TestApp::new().await;
    let (anyone, old, link) = (
        app.anonymous(),
        first_link(&app).await,
        first_link(&app).await,
    );

    let root = accept(&anyone, &link, "root").await.expect_status(201);

    assert_eq!(root.body["is_superuser"], true);
    accept(&anyone, &old, "eve")
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/token");
    assert!(create_first_run_token(&app.kernel).await.unwrap().is_none());
}

#[actix_web::test]
async fn a_superuser_created_without_the_first_link_voids_it_too() {
    let app = TestApp::new().await;
    let (anyone, link) = (app.anonymous(), first_link(&app).await);
    app.superuser("root").await;

    let late = accept(&anyone, &link, "eve").await;

    late.expect_problem(422, "validation_failed")
        .expect_error_at("/token");
}

#[actix_web::test]
async fn concurrent_first_links_leave_one_valid_link() {
    let app = TestApp::new().await;
    let anyone = app.anonymous();
    let mut links = Vec::new();
    for _ in 0..4 {
        links.push(first_link(&app).await);
    }

    let names = ["n0", "n1", "n2", "n3"].map(|name| format!("{name}-root"));
    let accepting = links
        .iter()
        .zip(&names)
        .map(|(link, name)| accept(&anyone, link, name));
    let mut statuses: Vec<_> = join_all(accepting)
        .await
        .iter()
        .map(|reply| reply.status)
        .collect();

    statuses.sort_unstable();
    assert_eq!(statuses, [201, 422, 422, 422]);
}

#[actix_web::test]
async fn revoking_a_link_revokes_only_that_link() {
    let app = TestApp::new().await;
    let (anyone, mine, others) = (
        app.anonymous(),
        first_link(&app).await,
        first_link(&app).await,
    );

    revoke_first_run_token(&app.kernel, &mine).await.unwrap();

    accept(&anyone, &mine, "eve")
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/token");
    accept(&anyone, &others, "root").await.expect_status(201);
}

#[actix_web::test]
async fn refusals_of_an_invited_account_point_into_it() {
    let app = TestApp::new().await;
    app.user("ada", false, &[]).await;
    let token = invited(&app, false, None).await;
    let accept = async |password: &str| {
        let account =
            json!({ "username": "ada", "email": "ada@example.org", "password": password });
        let body = json!({ "token": token.expose_secret(), "account": account });
        app.anonymous().post("/auth/invite/accept", body).await
    };

    let weak = accept("password1").await;
    let known = accept(PASSWORD).await;

    let weak = weak.expect_problem(422, "validation_failed");
    assert_eq!(weak.places(), ["/account/password"]);
    assert_eq!(weak.body["errors"][0]["code"], "too_guessable");
    let known = known.expect_problem(409, "conflict");
    assert_eq!(known.places(), ["/account/email", "/account/username"]);
}
