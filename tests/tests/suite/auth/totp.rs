//! The second factor (RFC 6238): when it is asked for, and which codes are accepted (contract §9).
mod required;
mod turned;

use futures_util::future::join_all;
use serde_json::Value;
use tests::{Authenticator, Client, PASSWORD, Reply, TestApp, json, sql};

async fn sign_in(app: &TestApp, password: &str, otp: Option<&str>) -> Reply {
    let mut body = json!({ "login": "ada", "password": password });
    if let Some(otp) = otp {
        body["otp"] = otp.into();
    }
    app.anonymous().post("/auth/login", body).await
}

/// Returns the pointer and the code of the only refusal.
#[track_caller]
fn refusal(reply: Reply) -> (Value, Value) {
    let reply = reply.expect_problem(401, "unauthenticated");
    let error = &reply.body["errors"][0];
    (error["pointer"].clone(), error["code"].clone())
}

async fn end(client: &Client, otp: &str) -> Reply {
    let request = client.request(reqwest::Method::DELETE, "/auth/totp");
    Reply::send(request.json(&json!({ "otp": otp }))).await
}

async fn has_totp(client: &Client) -> Value {
    client.get("/auth/me").await.expect_status(200).body["has_totp"].clone()
}

#[actix_web::test]
async fn once_it_is_on_a_sign_in_needs_a_code_that_was_never_used() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let phone = Authenticator::enabled(&ada).await;
    assert_eq!(has_totp(&ada).await, true);

    let missing = sign_in(&app, PASSWORD, None).await;
    let wrong = sign_in(&app, PASSWORD, Some("000000 ")).await;
    let (old, far) = (phone.code(-3), phone.code(20));

    assert_eq!(refusal(missing), ("/otp".into(), "otp_required".into()));
    assert_eq!(refusal(wrong), ("/otp".into(), "otp_wrong".into()));
    for code in [&old, &far, "", "x"] {
        let reply = sign_in(&app, PASSWORD, Some(code)).await;
        assert!([401, 422].contains(&reply.status), "{code}");
    }
    let (this, next) = (phone.code(0), phone.code(1));
    let (first, second) = next.split_at(3);
    sign_in(&app, PASSWORD, Some(&format!("{first} {second}")))
        .await
        .expect_status(200);
    for used in [&next, &this] {
        let again = sign_in(&app, PASSWORD, Some(used)).await;
        assert_eq!(refusal(again).1, "otp_wrong");
    }
}

/// A caller without the password does not learn that there is a second factor, or that a code was right.
#[actix_web::test]
async fn a_code_without_the_password_reveals_nothing_and_stays_unused() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let phone = Authenticator::enabled(&ada).await;
    app.user("bob", false, &[]).await;
    let code = phone.code(1);

    let mut answers = Vec::new();
    for (login, otp) in [
        ("ada", None),
        ("ada", Some(code.as_str())),
        ("ada", Some("000000")),
        ("ada", Some(phone.recovery_codes[0].as_str())),
        ("bob", None),
        ("nobody", Some("000000")),
    ] {
        let body = json!({ "login": login, "password": "something else", "otp": otp });
        let reply = app.anonymous().post("/auth/login", body).await;
        let mut reply = reply.expect_problem(401, "unauthenticated");
        reply.body["request_id"] = Value::Null;
        answers.push(reply.body);
    }

    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
    sign_in(&app, PASSWORD, Some(&code))
        .await
        .expect_status(200);
    sign_in(&app, PASSWORD, Some(&phone.recovery_codes[0]))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn of_several_who_bring_one_code_at_once_one_comes_in() {
    for is_recovery in [false, true] {
        // A separate user, because failed attempts are counted.
        let app = TestApp::new().await;
        let ada = app.member("ada").await;
        let phone = Authenticator::enabled(&ada).await;
        let code = if is_recovery {
            &phone.recovery_codes[3]
        } else {
            &phone.code(1)
        };

        let racers = (0..4).map(|_| sign_in(&app, PASSWORD, Some(code)));
        let replies = join_all(racers).await;

        let count = |status| replies.iter().filter(|it| it.status == status).count();
        assert_eq!((count(200), count(401)), (1, 3), "{code}");
    }
}

#[actix_web::test]
async fn each_recovery_code_is_of_use_once_however_it_is_written() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let phone = Authenticator::enabled(&ada).await;
    let codes = &phone.recovery_codes;
    assert_eq!(codes.len(), 10);
    assert!(codes.iter().all(|code| code.len() == 24 + 5), "{codes:?}");

    let typed = codes[0].to_uppercase().replace('-', " ");

    sign_in(&app, PASSWORD, Some(&typed))
        .await
        .expect_status(200);
    for used in [&codes[0], &typed, &codes[1][..18].to_owned()] {
        let again = sign_in(&app, PASSWORD, Some(used)).await;
        assert_eq!(refusal(again).1, "otp_wrong");
    }
    sign_in(&app, PASSWORD, Some(&codes[1]))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn a_code_of_another_user_is_none() {
    let app = TestApp::new().await;
    let (ada, bob) = (app.member("ada").await, app.member("bob").await);
    Authenticator::enabled(&ada).await;
    let his = Authenticator::enabled(&bob).await;

    for code in [&his.code(1), &his.recovery_codes[0]] {
        assert_eq!(
            refusal(sign_in(&app, PASSWORD, Some(code)).await).1,
            "otp_wrong"
        );
    }

    // A secret that is copied to another row of the database is refused.
    let swap = "UPDATE totp_secrets SET secret = (SELECT secret FROM totp_secrets WHERE user_id = HIS) WHERE user_id = HERS";
    let swap = swap
        .replace("HIS", &bob.id.to_string())
        .replace("HERS", &ada.id.to_string());
    sql::run(&app.kernel, &swap).await;
    let code = his.code(1);
    assert_eq!(
        refusal(sign_in(&app, PASSWORD, Some(&code)).await).1,
        "otp_wrong"
    );
}

#[actix_web::test]
async fn changing_the_password_keeps_the_second_factor() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let phone = Authenticator::enabled(&ada).await;
    let change = json!({ "current_password": PASSWORD, "new_password": "another password" });

    ada.post("/auth/password", change).await.expect_status(204);

    let missing = sign_in(&app, "another password", None).await;
    assert_eq!(refusal(missing).1, "otp_required");
    let code = phone.code(1);
    sign_in(&app, "another password", Some(&code))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn a_browser_signs_in_with_it_too() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let phone = Authenticator::enabled(&ada).await;
    let cookie = async |otp: Option<String>| {
        let body = json!({ "login": "ada", "password": PASSWORD, "otp": otp });
        app.anonymous().post("/auth/cookie", body).await
    };

    let missing = cookie(None).await;

    assert!(!missing.headers.contains_key("set-cookie"));
    assert_eq!(refusal(missing).1, "otp_required");
    cookie(Some(phone.code(1))).await.expect_status(200);
}

/// With another `auth.key` only recovery codes work; the second factor stays enabled.
#[actix_web::test]
async fn a_secret_that_cannot_be_read_any_more_is_no_way_in() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;
    let phone = Authenticator::enabled(&ada).await;

    for damaged in ["'x'", "secret || 'x'"] {
        let bytes = if app.backend.is_postgres() {
            damaged.replace("'x'", "'\\x00'::bytea")
        } else {
            damaged.replace("'x'", "x'00'")
        };
        let damage = format!("UPDATE totp_secrets SET secret = {bytes}");
        sql::run(&app.kernel, &damage).await;

        let code = phone.code(1);
        let reply = sign_in(&app, PASSWORD, Some(&code)).await;
        assert_eq!(refusal(reply).1, "otp_wrong");
        assert_eq!(
            refusal(sign_in(&app, PASSWORD, None).await).1,
            "otp_required"
        );
    }
    sign_in(&app, PASSWORD, Some(&phone.recovery_codes[0]))
        .await
        .expect_status(200);
}

#[actix_web::test]
async fn it_is_in_the_history_and_its_secrets_are_nowhere() {
    let app = TestApp::new().await;
    let root = app.superuser("ada").await;
    app.statements.take();
    let phone = Authenticator::enabled(&root).await;
    let recovery = &phone.recovery_codes[0];
    sign_in(&app, PASSWORD, Some(recovery))
        .await
        .expect_status(200);
    end(&root, &phone.code(1)).await.expect_status(204);

    let history = root
        .get(format!("/users/{}/history?sort=id", root.id))
        .await
        .expect_status(200);

    let actions: Vec<_> = history.body["data"]
        .as_array()
        .unwrap()
        .iter()
        .filter_map(|entry| entry["action"].as_str())
        .skip_while(|action| *action != "totp_turned_on")
        .collect();
    assert_eq!(
        actions,
        [
            "totp_turned_on",
            "signed_in",
            "recovery_code_used",
            "totp_turned_off"
        ]
    );
    let stored = format!("{:?} {}", app.statements.take_whole(), history.text);
    assert!(stored.contains("totp_secrets"));
    for secret in [recovery.as_str(), &recovery.replace('-', "")] {
        assert!(!stored.contains(secret));
    }
}
