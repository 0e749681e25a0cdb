//! The owner of an address takes over an account that a stranger registered with it, and everything of the stranger's becomes
//! void.
use std::time::Duration;

use kernel::Actor;
use reqwest::Method;
use secrecy::ExposeSecret;
use service::identity::{Invitation, invite};
use tests::{
    Authenticator, Client, PASSWORD, Reply, TestApp, json, mail::Letters, process::eventually, sql,
};

use super::{forgot, register, reset, sign_in, state, verify};

const NEW: &str = "a completely different one";
const ADDRESS: &str = "victim@example.org";

/// Signs in with a code where the second factor is on.
async fn signed_in(app: &TestApp, login: &str, password: &str) -> Client {
    let reply = sign_in(app, login, password).await.expect_status(200);
    app.anonymous()
        .with_token(reply.body["token"].as_str().unwrap())
}

/// Everything that a stranger sets up before the owner of the address arrives.
struct Stranger {
    session: Client,
    key: Client,
    device: String,
    recovery_code: String,
}

impl Stranger {
    async fn of(app: &TestApp, login: &str) -> Self {
        let reply = sign_in(app, login, PASSWORD).await.expect_status(200);
        let device = reply.header("set-cookie").split(';').next().unwrap();
        let session = app
            .anonymous()
            .with_token(reply.body["token"].as_str().unwrap());
        let key = session
            .with_key(&["posts.create.own", "users.read.own"])
            .await;
        let phone = Authenticator::enabled(&session).await;
        Self {
            key,
            device: device.to_owned(),
            recovery_code: phone.recovery_codes[0].clone(),
            session,
        }
    }
}

/// Requests a link as the owner, and follows it.
async fn take_over(app: &TestApp, letters: &Letters) {
    forgot(app, ADDRESS).await.expect_status(202);
    let sent = letters.sent(app).await;
    let link = sent
        .iter()
        .find(|letter| letter.to == ADDRESS && letter.subject == "Choose a new password");
    reset(app, &link.unwrap().token(), NEW)
        .await
        .expect_status(204);
}

#[actix_web::test]
async fn the_owner_of_an_address_takes_over_what_a_stranger_made_with_it_and_keeps_nothing_of_theirs()
 {
    let letters = Letters::new();
    let app = letters.app().await;
    register(&app, "stranger", ADDRESS).await.expect_status(202);
    let link = letters.only(&app).await.token();
    let stranger = Stranger::of(&app, "stranger").await;

    // The link in the letter is of no use to the owner, who does not know the password of the account.
    let confirm = json!({ "token": link });
    app.anonymous()
        .post("/auth/email/verify", confirm)
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/password");
    take_over(&app, &letters).await;

    let post = json!({ "title": "Still here", "content": "…" });
    for gone in [&stranger.session, &stranger.key] {
        gone.get("/auth/me")
            .await
            .expect_problem(401, "unauthenticated");
        gone.post("/posts", post.clone())
            .await
            .expect_problem(401, "unauthenticated");
    }
    sign_in(&app, "stranger", PASSWORD).await.expect_status(401);
    let owner = signed_in(&app, ADDRESS, NEW).await;
    let me = owner.get("/auth/me").await.expect_status(200).body;
    assert_eq!(
        (&me["has_totp"], &me["email_verified"]),
        (&json!(false), &json!(true))
    );
    let keys = owner.get("/auth/api-keys").await.expect_status(200);
    assert_eq!(keys.body["data"], json!([]));
    let codes = "SELECT count(*) FROM recovery_codes";
    assert_eq!(sql::number(&app.kernel, codes).await, 0);
    // The stranger's code is invalid, and the device is unknown.
    let guess = json!({ "login": ADDRESS, "password": PASSWORD, "otp": stranger.recovery_code });
    let request = app.anonymous().request(Method::POST, "/auth/login");
    let request = request.header("cookie", &stranger.device).json(&guess);
    Reply::send(request).await.expect_status(401);
}

#[actix_web::test]
async fn a_reset_leaves_the_keys_and_the_second_factor_of_who_had_verified_the_address() {
    let letters = Letters::new();
    let app = letters.app().await;
    register(&app, "ada", ADDRESS).await.expect_status(202);
    let link = letters.only(&app).await.token();
    verify(&app, &link).await.expect_status(204);
    let ada = Stranger::of(&app, "ada").await;

    take_over(&app, &letters).await;

    ada.session.get("/auth/me").await.expect_status(401);
    ada.key.get("/auth/me").await.expect_status(200);
    let refused = sign_in(&app, "ada", NEW).await.expect_status(401);
    assert_eq!(refused.body["errors"][0]["code"], "otp_required");
}

/// Who set the address, and whether the second factor survives a reset.
#[actix_web::test]
async fn an_address_that_the_operator_or_an_invitation_set_counts_as_confirmed() {
    let letters = Letters::new();
    let app = letters.app().await;
    let root = app.superuser("root").await;
    let account = |name: &str| json!({ "username": name, "email": ADDRESS, "password": PASSWORD });
    let accept = async |email: Option<&str>| {
        let invitation = Invitation {
            is_superuser: false,
            email: email.map(str::to_owned),
        };
        let operator = app.kernel.session(Actor::System);
        let token = invite(&operator, &invitation).await.unwrap();
        let body = json!({ "token": token.expose_secret(), "account": account("ada") });
        let made = app.anonymous().post("/auth/invite/accept", body).await;
        made.expect_status(201).id()
    };
    let bulk = json!({ "operations": [{ "op": "create", "data": account("ada") }] });

    for (way, stays) in [
        ("created", true),
        ("bulk", true),
        ("import", true),
        ("changed by another", true),
        ("invited by address", true),
        ("invited", false),
        ("registered", false),
        ("changed by oneself without mail", false),
    ] {
        let user = match way {
            "created" => root.post("/users", account("ada")).await.id(),
            "bulk" => {
                let done = root.post("/users/bulk", bulk.clone()).await;
                done.expect_status(200).body["results"][0]["id"]
                    .as_i64()
                    .unwrap()
            }
            "import" => {
                let row = account("ada").to_string();
                root.import("/users/import", row).await.expect_status(200);
                root.get("/users?username=ada").await.ids()[0]
            }
            "changed by another" => {
                register(&app, "ada", "ada@example.org")
                    .await
                    .expect_status(202);
                let ada = root.get("/users?username=ada").await.ids()[0];
                let patch = json!({ "email": ADDRESS });
                root.patch(format!("/users/{ada}"), patch)
                    .await
                    .expect_status(200)
                    .id()
            }
            "invited by address" => accept(Some(ADDRESS)).await,
            "invited" => accept(None).await,
            "registered" => {
                register(&app, "ada", ADDRESS).await.expect_status(202);
                root.get("/users?username=ada").await.ids()[0]
            }
            _ => {
                let ada = app.member("ada").await;
                let set = format!(
                    "UPDATE users SET email = '{ADDRESS}', email_key = '{ADDRESS}' WHERE id = {}",
                    ada.id
                );
                sql::run(&app.kernel, &set).await;
                ada.id
            }
        };
        let ada = Stranger::of(&app, "ada").await;
        assert!(
            !state(&ada.session).await.0,
            "{way}: nobody has shown it yet"
        );

        take_over(&app, &letters).await;

        let refused = sign_in(&app, "ada", NEW).await;
        assert_eq!(refused.status == 401, stays, "{way}: {}", refused.text);
        assert_eq!(ada.key.get("/auth/me").await.status == 200, stays, "{way}");
        root.delete(format!("/users/{user}"))
            .await
            .expect_status(204);
        root.act(format!("/users/{user}/purge"))
            .await
            .expect_status(204);
        letters.sent_at_last(&app).await;
    }
}

#[actix_web::test]
async fn a_link_counts_with_a_sign_in_of_its_user_or_the_password_and_ends_nothing() {
    let letters = Letters::new();
    let app = letters.app().await;
    let eve = app.member("eve").await;
    for (name, way) in [("ada", "session"), ("bob", "password")] {
        let address = format!("{name}@example.org");
        register(&app, name, &address).await.expect_status(202);
        let token = letters.only(&app).await.token();
        let user = signed_in(&app, name, PASSWORD).await;
        let key = user.with_key(&["users.read.own"]).await;
        let link = |password: Option<&str>| json!({ "token": token, "password": password });

        // Anonymous callers, other users, API keys of the user and wrong passwords are refused.
        for who in [&app.anonymous(), &eve, &key] {
            who.post("/auth/email/verify", json!({ "token": token }))
                .await
                .expect_problem(422, "validation_failed")
                .expect_error_at("/password");
            who.post("/auth/email/verify", link(Some("wrong password")))
                .await
                .expect_problem(422, "validation_failed")
                .expect_error_at("/password");
        }
        assert!(!state(&user).await.0);
        let done = match way {
            "session" => {
                user.post("/auth/email/verify", json!({ "token": token }))
                    .await
            }
            _ => {
                app.anonymous()
                    .post("/auth/email/verify", link(Some(PASSWORD)))
                    .await
            }
        };
        done.expect_status(204);

        assert!(state(&user).await.0);
        key.get("/auth/me").await.expect_status(200);
    }
}

/// The stranger has an account and tries to give it another person's address.
#[actix_web::test]
async fn a_link_to_a_changed_address_is_of_no_use_without_the_account() {
    let letters = Letters::new();
    let app = letters.app().await;
    let stranger = app.member("stranger").await;
    let wish = json!({ "email": ADDRESS, "current_password": PASSWORD });
    stranger.patch("/auth/me", wish).await.expect_status(200);
    let token = letters.only(&app).await.token();

    app.anonymous()
        .post("/auth/email/verify", json!({ "token": token }))
        .await
        .expect_error_at("/password");

    let me = stranger.get("/auth/me").await.body;
    assert_eq!(me["email"], "stranger@example.org");
}

#[actix_web::test]
async fn guesses_of_the_password_at_a_link_count_as_guesses_at_a_sign_in() {
    let letters = Letters::new();
    let app = letters.app().await;
    register(&app, "ada", ADDRESS).await.expect_status(202);
    let token = letters.only(&app).await.token();
    let guess = json!({ "token": token, "password": "wrong password" });

    for _ in 0..5 {
        let reply = app
            .anonymous()
            .post("/auth/email/verify", guess.clone())
            .await;
        reply.expect_error_at("/password");
    }

    verify(&app, &token)
        .await
        .expect_problem(429, "rate_limited");
    sign_in(&app, "ada", PASSWORD)
        .await
        .expect_problem(429, "rate_limited");
}

/// A request that was under way while the owner took the account over leaves nothing behind.
#[actix_web::test]
async fn a_session_that_has_ended_makes_no_key_and_no_second_factor() {
    let letters = Letters::new();
    let app = TestApp::with(|with| {
        with.service.mail = letters.mailer();
        // The stranger's caller is cached, as if the request had begun before.
        with.service.auth.cache_lifetime = Duration::from_hours(1);
    })
    .await;
    register(&app, "stranger", ADDRESS).await.expect_status(202);
    let stranger = signed_in(&app, "stranger", PASSWORD).await;
    let pending = Authenticator::pending(&stranger).await;
    // Only PostgreSQL notifies nodes of changes, so callers are cached only there, once the node listens.
    if app.backend.is_postgres() {
        eventually("the caller is cached", async || {
            app.statements.take();
            stranger.get("/auth/cookie").await.expect_status(404);
            app.statements.take().is_empty().then_some(())
        })
        .await;
    }
    // This write bypasses the service, so no notice is sent.
    sql::run(&app.kernel, "DELETE FROM sessions").await;
    if app.backend.is_postgres() {
        stranger.get("/posts").await.expect_status(200);
    }

    let key = json!({ "name": "Key", "scopes": ["posts.create.own"] });
    stranger
        .post("/auth/api-keys", key)
        .await
        .expect_problem(401, "unauthenticated");
    let password = json!({ "current_password": PASSWORD });
    stranger
        .post("/auth/totp", password)
        .await
        .expect_problem(401, "unauthenticated");
    let code = json!({ "otp": pending.code(0) });
    stranger
        .post("/auth/totp/confirm", code)
        .await
        .expect_problem(401, "unauthenticated");

    for table in ["api_keys", "recovery_codes"] {
        let count = format!("SELECT count(*) FROM {table}");
        assert_eq!(sql::number(&app.kernel, &count).await, 0, "{table}");
    }
}
