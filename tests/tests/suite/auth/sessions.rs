//! Sign-in sessions: their tokens, their list, and their end (contract §9).
use std::time::Duration;

use serde_json::Value;
use tests::{Client, PASSWORD, Reply, TestApp, json, process::eventually, sql};

use super::login;

/// Returns a signed-in client and its refresh token.
async fn signed_in(app: &TestApp) -> (Client, String) {
    let id = app.user("ada", false, &[]).await;
    let reply = login(&app.anonymous(), "ada", PASSWORD)
        .await
        .expect_status(200);
    let client = Client::new(app.address, Some(text(&reply, "token")), id);
    (client, text(&reply, "refresh_token"))
}

fn text(reply: &Reply, name: &str) -> String {
    reply.body[name].as_str().unwrap().to_owned()
}

async fn refresh(app: &TestApp, token: &str) -> Reply {
    let body = json!({ "refresh_token": token });
    app.anonymous().post("/auth/refresh", body).await
}

/// Moves a time of every session into the past.
async fn age(app: &TestApp, column: &str, seconds: i64) {
    let set = format!("UPDATE sessions SET {column} = {}", app.ago(seconds));
    sql::run(&app.kernel, &set).await;
}

#[actix_web::test]
async fn a_refresh_token_gives_a_new_pair_and_is_of_use_once() {
    let app = TestApp::new().await;
    let (ada, first) = signed_in(&app).await;

    let renewed = refresh(&app, &first).await.expect_status(200);

    let members: Vec<_> = renewed.body.as_object().unwrap().keys().collect();
    assert_eq!(
        members,
        ["expires_at", "refresh_token", "token", "token_type", "user"]
    );
    let (token, second) = (text(&renewed, "token"), text(&renewed, "refresh_token"));
    assert_ne!(token, ada.token());
    assert_ne!(second, first);
    let renewed = ada.with_token(&token);
    renewed.get("/auth/me").await.expect_status(200);
    age(&app, "replaced_at", 11).await;
    ada.get("/auth/me").await.expect_status(401);
    refresh(&app, &second).await.expect_status(200);
}

#[actix_web::test]
async fn a_refresh_token_that_comes_back_ends_its_session_and_no_other() {
    let app = TestApp::new().await;
    let (ada, stolen) = signed_in(&app).await;
    let elsewhere = ada.with_token(&app.anonymous().login("ada", PASSWORD).await);
    let renewed = refresh(&app, &stolen).await.expect_status(200);
    age(&app, "replaced_at", 11).await;

    refresh(&app, &stolen).await.expect_status(401);

    let victim = ada.with_token(&text(&renewed, "token"));
    victim.get("/auth/me").await.expect_status(401);
    refresh(&app, &text(&renewed, "refresh_token"))
        .await
        .expect_status(401);
    elsewhere.get("/auth/me").await.expect_status(200);
}

/// Any outdated refresh token ends the session, not only the previous one: it shows that two clients have the tokens.
#[actix_web::test]
async fn a_refresh_token_of_two_generations_ago_ends_its_session() {
    let app = TestApp::new().await;
    let (_, first) = signed_in(&app).await;
    let second = refresh(&app, &first).await.expect_status(200);
    let third = refresh(&app, &text(&second, "refresh_token"))
        .await
        .expect_status(200);

    refresh(&app, &first).await.expect_status(401);

    refresh(&app, &text(&third, "refresh_token"))
        .await
        .expect_status(401);
}

#[actix_web::test]
async fn clients_that_race_to_refresh_get_the_same_pair() {
    let app = TestApp::new().await;
    let (ada, first) = signed_in(&app).await;

    let replies = futures_util::future::join_all((0..8).map(|_| refresh(&app, &first))).await;

    let pairs: Vec<_> = replies
        .into_iter()
        .map(|reply| reply.expect_status(200))
        .map(|reply| (text(&reply, "token"), text(&reply, "refresh_token")))
        .collect();
    assert!(pairs.iter().all(|pair| *pair == pairs[0]));
    ada.get("/auth/me").await.expect_status(200);
    refresh(&app, &pairs[0].1).await.expect_status(200);
}

#[actix_web::test]
async fn a_session_ends_when_it_is_old_or_not_used_however_its_tokens_are() {
    for (column, seconds) in [
        ("token_expires_at", 1),
        ("expires_at", 1),
        ("last_used_at", 14 * 86_400),
    ] {
        let app = TestApp::new().await;
        let (ada, token) = signed_in(&app).await;

        age(&app, column, seconds).await;

        ada.get("/auth/me").await.expect_status(401);
        let is_over = column != "token_expires_at";
        let expected = if is_over { 401 } else { 200 };
        refresh(&app, &token).await.expect_status(expected);
    }
}

#[actix_web::test]
async fn replacing_an_expired_token_does_not_extend_it() {
    let app = TestApp::new().await;
    let (ada, token) = signed_in(&app).await;
    age(&app, "token_expires_at", 1).await;

    refresh(&app, &token).await.expect_status(200);

    ada.get("/auth/me").await.expect_status(401);
}

#[actix_web::test]
async fn an_invalid_refresh_token_is_refused_and_ends_no_session() {
    let app = TestApp::new().await;
    let (ada, token) = signed_in(&app).await;
    // A token of the right session that was never issued.
    let other = format!("{}AAAA", &token[..token.len() - 4]);

    for text in [ada.token(), &other, "rt_", "rt_AAAA", "x", "rt_%"] {
        refresh(&app, text).await.expect_status(401);
    }
    for body in [
        json!({}),
        json!({ "refresh_token": "" }),
        json!({ "refresh_token": 1 }),
    ] {
        app.anonymous()
            .post("/auth/refresh", body)
            .await
            .expect_status(422);
    }
    ada.get("/auth/me").await.expect_status(200);
    ada.with_token(&token)
        .get("/auth/me")
        .await
        .expect_status(401);
}

#[actix_web::test]
async fn one_sees_where_one_is_signed_in_and_ends_one_of_them() {
    let app = TestApp::new().await;
    let (ada, _) = signed_in(&app).await;
    let phone = app
        .anonymous()
        .request(reqwest::Method::POST, "/auth/login")
        .header("User-Agent", "Phone\t1")
        .json(&json!({ "login": "ada", "password": PASSWORD }));
    let phone = ada.with_token(&text(&Reply::send(phone).await.expect_status(200), "token"));
    let bob = app.member("bob").await;

    let sessions = ada.get("/auth/sessions").await.expect_status(200);
    let list = sessions.body["data"].as_array().unwrap().clone();

    assert_eq!(list.len(), 2);
    let current = |session: &&Value| session["is_current"] == true;
    assert_eq!(list.iter().filter(current).count(), 1);
    let other = list.iter().find(|session| !current(session)).unwrap();
    assert_eq!(other["label"], "Phone1");
    let other = format!("/auth/sessions/{}", other["id"]);
    bob.delete(&other).await.expect_status(404);
    phone.get("/auth/me").await.expect_status(200);
    ada.delete(&other).await.expect_status(204);
    phone.get("/auth/me").await.expect_status(401);
    ada.delete(&other).await.expect_status(404);
    ada.get("/auth/me").await.expect_status(200);
}

#[actix_web::test]
async fn one_signs_out_everywhere_or_everywhere_else() {
    let app = TestApp::new().await;
    let (ada, _) = signed_in(&app).await;
    let again = async || ada.with_token(&app.anonymous().login("ada", PASSWORD).await);
    let (phone, bob) = (again().await, app.member("bob").await);

    ada.delete("/auth/sessions?keep_current=maybe")
        .await
        .expect_status(400);
    ada.delete("/auth/sessions?keep_current=true")
        .await
        .expect_status(204);

    phone.get("/auth/me").await.expect_status(401);
    ada.get("/auth/me").await.expect_status(200);
    let phone = again().await;
    ada.delete("/auth/sessions").await.expect_status(204);
    for client in [&ada, &phone] {
        client.get("/auth/me").await.expect_status(401);
    }
    bob.get("/auth/me").await.expect_status(200);
}

#[actix_web::test]
async fn the_hundred_and_first_session_ends_one_that_was_never_used() {
    let app = TestApp::new().await;
    let (unused, _) = signed_in(&app).await;
    let mut last = unused.clone();
    for _ in 0..100 {
        last = unused.with_token(&app.anonymous().login("ada", PASSWORD).await);
    }

    let sessions = last.get("/auth/sessions?limit=100").await;

    assert_eq!(sessions.expect_status(200).ids().len(), 100);
    unused.get("/auth/me").await.expect_status(401);
}

/// This holds with and without the cache of callers.
#[actix_web::test]
async fn a_hundred_sign_ins_within_a_minute_end_no_session_that_is_in_use() {
    for lifetime in [Duration::ZERO, Duration::from_secs(30)] {
        let app = TestApp::with(|with| with.service.auth.cache_lifetime = lifetime).await;
        let (ada, _) = signed_in(&app).await;
        ada.get("/auth/me").await.expect_status(200);

        for _ in 0..101 {
            app.anonymous().login("ada", PASSWORD).await;
        }

        ada.get("/auth/me").await.expect_status(200);
        let sessions = "SELECT count(*) FROM sessions";
        assert_eq!(sql::number(&app.kernel, sessions).await, 100);
    }
}

/// The other sessions were used once, before the last use of this one.
#[actix_web::test]
async fn the_last_use_of_a_session_counts_before_it_is_stored() {
    let app = TestApp::new().await;
    let (ada, _) = signed_in(&app).await;
    let mut others = Vec::new();
    for _ in 0..99 {
        let other = ada.with_token(&app.anonymous().login("ada", PASSWORD).await);
        other.get("/auth/me").await.expect_status(200);
        others.push(other);
    }
    // By the stored times, this session is the least recently used, and its next use is not stored: a minute has not passed.
    let aged = format!(
        "UPDATE sessions SET created_at = {}, last_used_at = {} WHERE id = (SELECT min(id) FROM sessions)",
        app.ago(50),
        app.ago(40)
    );
    sql::run(&app.kernel, &aged).await;

    ada.get("/auth/me").await.expect_status(200);
    app.anonymous().login("ada", PASSWORD).await;

    ada.get("/auth/me").await.expect_status(200);
    others[0].get("/auth/me").await.expect_status(401);
    others[1].get("/auth/me").await.expect_status(200);
}

/// A request does not wait for this write, so the test polls for it.
#[actix_web::test]
async fn the_use_of_a_session_is_noted_once_a_minute() {
    let app = TestApp::new().await;
    let (ada, _) = signed_in(&app).await;
    let used = async || ada.get("/auth/me").await.expect_status(200);
    let is_noted = async || {
        let recent = format!(
            "SELECT count(*) FROM sessions WHERE last_used_at > {}",
            app.ago(20)
        );
        sql::number(&app.kernel, &recent).await == 1
    };
    let never = format!(
        "UPDATE sessions SET created_at = {at}, last_used_at = {at}",
        at = app.ago(30)
    );
    sql::run(&app.kernel, &never).await;

    // The first use is noted at once.
    used().await;
    eventually("the first use is noted", async || {
        is_noted().await.then_some(())
    })
    .await;

    age(&app, "last_used_at", 40).await;
    for _ in 0..3 {
        used().await;
    }
    assert!(!is_noted().await, "a minute has not passed");

    age(&app, "last_used_at", 61).await;
    used().await;
    eventually("a use after a minute is noted", async || {
        is_noted().await.then_some(())
    })
    .await;
}

#[actix_web::test]
async fn a_token_that_is_malformed_expired_or_revoked_gets_one_answer() {
    let app = TestApp::new().await;
    let root = app.superuser("root").await;
    let (expired, revoked, off) = (
        app.member("ada").await,
        app.member("bob").await,
        app.member("cleo").await,
    );
    let key = off.with_key(&["posts.create.own"]).await;
    revoked.act("/auth/logout").await.expect_status(204);
    let body = json!({ "is_active": false });
    let off_url = format!("/users/{}", off.id);
    root.patch(off_url, body).await.expect_status(200);
    let expire = format!(
        "UPDATE sessions SET token_expires_at = {} WHERE user_id = {}",
        app.ago(1),
        expired.id
    );
    sql::run(&app.kernel, &expire).await;

    let mut answers = Vec::new();
    for client in [
        app.anonymous().with_token("malformed"),
        expired,
        revoked,
        off,
        key,
    ] {
        let reply = client.get("/posts").await;
        let mut reply = reply.expect_problem(401, "unauthenticated");
        assert_eq!(
            reply.header("www-authenticate"),
            r#"Bearer error="invalid_token""#
        );
        reply.body["request_id"] = Value::Null;
        answers.push(reply.body);
    }

    answers.dedup();
    assert_eq!(answers.len(), 1, "{answers:?}");
}
