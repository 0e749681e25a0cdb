//! Guessing passwords is slowed down, and the owner is never locked out (contract §9).
mod attack;
mod device;

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tests::{Client, PASSWORD, Reply, TestApp, json, sql};

/// Starts an app behind a proxy, so that a test can choose the client's address.
async fn behind_a_proxy() -> TestApp {
    TestApp::with(|knobs| {
        let here = vec!["127.0.0.1".to_owned()];
        knobs.server.trusted_proxies = here.try_into().unwrap();
    })
    .await
}

/// Signs in from an address, with the cookie of a device.
async fn sign_in(
    app: &TestApp,
    login: &str,
    password: &str,
    (address, cookie): (&str, &str),
) -> Reply {
    let request = app.anonymous().request(Method::POST, "/auth/login");
    let request = request
        .header("x-forwarded-for", address)
        .header("cookie", cookie);
    Reply::send(request.json(&json!({ "login": login, "password": password }))).await
}

async fn wrong(client: &Client, login: &str) -> Reply {
    let guess = json!({ "login": login, "password": "wrong password" });
    client.post("/auth/login", guess).await
}

fn wait(reply: &Reply) -> i64 {
    reply.header("retry-after").parse().unwrap()
}

/// Moves the end of every wait `seconds` earlier.
async fn time_passes(app: &TestApp, seconds: i64) {
    let shift = if app.backend.is_postgres() {
        format!("blocked_until - interval '{seconds} seconds'")
    } else {
        format!(
            "strftime('%Y-%m-%dT%H:%M:%f000+00:00', blocked_until, '{} seconds')",
            -seconds
        )
    };
    let shift = format!("UPDATE throttles SET blocked_until = {shift}");
    sql::run(&app.kernel, &shift).await;
}

/// The seconds by which [`prolong`] makes every wait longer: even a slow test sends its next request before the end.
const LONGER: i64 = 600;

async fn prolong(app: &TestApp) {
    time_passes(app, -LONGER).await;
}

/// Checks that a refused caller has to wait for at most `seconds` beside what [`prolong`] added.
#[track_caller]
fn expect_wait(refused: Reply, what: &str, seconds: i64) {
    let refused = refused.expect_problem(429, "rate_limited");
    let waits = wait(&refused);
    let detail = format!("too many {what}: try again in {waits} s");
    assert_eq!(refused.body["detail"], detail);
    assert_eq!(refused.body["errors"][0]["code"], "too_many_failures");
    // It would say that requests are left.
    assert!(!refused.headers.contains_key("ratelimit"));
    assert!((1..=seconds + LONGER).contains(&waits), "{waits}");
}

#[actix_web::test]
async fn who_fails_often_has_to_wait_whether_the_account_is_there_or_not() {
    let app = TestApp::with(|with| with.rate_limit.auth = 600).await;
    app.user("ada", false, &[]).await;
    let nobody = app.anonymous();

    let mut said = Vec::new();
    for login in ["ada", "nobody"] {
        for _ in 0..5 {
            let wrong = wrong(&nobody, login).await;
            let wrong = wrong.expect_problem(401, "unauthenticated");
            assert!(wrong.headers.contains_key("ratelimit"));
        }
        prolong(&app).await;
        app.statements.take();
        let mut refused = wrong(&nobody, login).await;
        let statements = app.statements.take();
        expect_wait(refused.clone(), "failed sign-ins", 1);
        refused.body["request_id"] = Value::Null;
        refused.body["detail"] = Value::Null;
        said.push((refused.body, statements));
    }

    assert_eq!(said[0], said[1]);
}

#[actix_web::test]
async fn attempts_do_not_prolong_a_wait_and_a_success_resets_the_count() {
    let app = TestApp::new().await;
    app.user("ada", false, &[]).await;
    let nobody = app.anonymous();
    for _ in 0..5 {
        wrong(&nobody, "ada").await.expect_status(401);
    }
    sql::run(&app.kernel, "UPDATE throttles SET failures = 9").await;
    time_passes(&app, 2).await;
    wrong(&nobody, "ada").await.expect_status(401);

    for _ in 0..20 {
        let refused = wrong(&nobody, "ADA ").await.expect_status(429);
        assert!(wait(&refused) <= 32, "{}", wait(&refused));
    }
    time_passes(&app, 32).await;
    nobody.login("ada", PASSWORD).await;

    for _ in 0..5 {
        wrong(&nobody, "ada").await.expect_status(401);
    }
}

#[actix_web::test]
async fn of_many_guesses_at_once_no_more_are_tried_than_one_after_the_other() {
    let app = TestApp::new().await;
    app.user("ada", false, &[]).await;
    let nobody = app.anonymous();

    let guesses = join_all((0..40).map(|_| wrong(&nobody, "ada"))).await;

    let tried = guesses.iter().filter(|reply| reply.status == 401).count();
    let refused = guesses.iter().filter(|reply| reply.status == 429).count();
    // Five attempts are free; a slow run may get one or two more.
    assert!((5..=9).contains(&tried), "{tried} were tried");
    assert!(refused > 0);
}

#[actix_web::test]
async fn successful_sign_ins_are_not_limited() {
    let app = TestApp::new().await;
    app.user("ada", false, &[]).await;
    let nobody = app.anonymous();

    for _ in 0..12 {
        nobody.login("ada", PASSWORD).await;
    }

    let counted = "SELECT CAST(coalesce(sum(failures), 0) AS bigint) FROM throttles";
    assert_eq!(sql::number(&app.kernel, counted).await, 0);
}

/// An attempt that was not tried has no outcome to count.
#[actix_web::test]
async fn an_attempt_that_a_busy_server_refuses_is_not_counted() {
    // Each attempt takes long enough for the others to arrive meanwhile.
    let app = TestApp::with(|with| {
        with.server.max_in_flight = 500;
        with.service.auth.hash_memory = 19_456;
        with.service.auth.hash_passes = 2;
    })
    .await;
    let nobody = app.anonymous();
    let names: Vec<_> = (0..100).map(|place| format!("nobody-{place}")).collect();

    let guesses = join_all(names.iter().map(|name| wrong(&nobody, name))).await;

    let count = |status| {
        guesses
            .iter()
            .filter(|reply| reply.status == status)
            .count()
    };
    let (tried, refused) = (count(401), count(503));
    assert!(tried > 0 && refused > 0, "{tried} and {refused}");
    assert_eq!(tried + refused, 100, "nobody has to wait");
    let network = "SELECT CAST(max(failures) AS bigint) FROM throttles";
    let counted = sql::number(&app.kernel, network).await;
    assert_eq!(usize::try_from(counted).unwrap(), tried);
}

#[actix_web::test]
async fn an_address_that_fails_on_many_accounts_has_to_wait_and_others_do_not() {
    let app = behind_a_proxy().await;
    app.user("ada", false, &[]).await;
    let from = |address: &'static str, login: String| {
        let app = &app;
        async move { sign_in(app, &login, "wrong password", (address, "")).await }
    };
    for place in 0..50 {
        let name = format!("nobody-{place}");
        from("192.0.2.1", name).await.expect_status(401);
    }

    prolong(&app).await;
    let refused = sign_in(&app, "ada", PASSWORD, ("192.0.2.1", "")).await;

    expect_wait(refused, "failed sign-ins", 1);
    sign_in(&app, "ada", PASSWORD, ("192.0.2.2", ""))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn guesses_of_the_current_password_are_counted_by_sign_in() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let other = ada.with_token(&app.anonymous().login("ada", PASSWORD).await);
    let change =
        |current: &str| json!({ "current_password": current, "new_password": "another password" });
    for _ in 0..5 {
        ada.post("/auth/password", change("wrong password"))
            .await
            .expect_problem(422, "validation_failed");
    }

    prolong(&app).await;
    let refused = ada.post("/auth/password", change(PASSWORD)).await;

    expect_wait(refused, "wrong passwords", 1);
    other
        .post("/auth/password", change(PASSWORD))
        .await
        .expect_status(204);
}

#[actix_web::test]
async fn expired_throttles_are_removed() {
    let app = TestApp::new().await;
    let nobody = app.anonymous();
    wrong(&nobody, "ada").await.expect_status(401);
    let all = "SELECT count(*) FROM throttles";
    assert_eq!(sql::number(&app.kernel, all).await, 3);
    service::retention::purge(&app.kernel, |_| {})
        .await
        .unwrap();
    assert_eq!(sql::number(&app.kernel, all).await, 3);

    sql::run(
        &app.kernel,
        "UPDATE throttles SET expires_at = blocked_until",
    )
    .await;
    service::retention::purge(&app.kernel, |_| {})
        .await
        .unwrap();

    assert_eq!(sql::number(&app.kernel, all).await, 0);
}

/// The user name and the address are two names of one account.
#[actix_web::test]
async fn guesses_are_counted_by_the_user_whatever_was_typed() {
    let app = TestApp::new().await;
    let ada = app.user("ada", false, &[]).await;
    let nobody = app.anonymous();

    for login in ["ada", "ada@example.org", "ADA", " Ada@Example.org ", "ada"] {
        wrong(&nobody, login).await.expect_status(401);
    }

    prolong(&app).await;
    for login in ["ada", "ada@example.org"] {
        wrong(&nobody, login)
            .await
            .expect_problem(429, "rate_limited");
    }
    // A user name that looks like a counter's key does not count for that key.
    for login in ["nobody".to_owned(), format!("user{ada}"), ada.to_string()] {
        wrong(&nobody, &login).await.expect_status(401);
    }
}

#[actix_web::test]
async fn guesses_at_turning_the_second_factor_on_are_counted() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let phone = tests::Authenticator::pending(&ada).await;
    let confirm = async |otp: &str| ada.post("/auth/totp/confirm", json!({ "otp": otp })).await;

    for _ in 0..5 {
        confirm("not a code")
            .await
            .expect_problem(422, "validation_failed")
            .expect_error_at("/otp");
    }
    prolong(&app).await;
    let refused = confirm(&phone.code(0)).await;

    expect_wait(refused, "wrong codes", 1);
    time_passes(&app, LONGER + 2).await;
    confirm(&phone.code(0)).await.expect_status(200);
    let counted = "SELECT CAST(coalesce(sum(failures), 0) AS bigint) FROM throttles";
    assert_eq!(sql::number(&app.kernel, counted).await, 0);
}
