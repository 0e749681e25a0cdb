//! E-mails (contract §9), caught in a folder or by a mail server that the test runs.
mod address;
mod hijack;
mod pages;
mod queue;
mod recovery;
mod senders;
mod templates;
mod verified;

use tests::{Client, PASSWORD, Reply, TestApp, json, mail::Letter, sql};

const LONG_AGO: &str = "'2020-01-01T00:00:00.000000+00:00'";

async fn register(app: &TestApp, name: &str, email: &str) -> Reply {
    let account = json!({ "username": name, "email": email, "password": PASSWORD });
    app.anonymous().post("/auth/register", account).await
}

/// By somebody who knows the password of the account.
async fn verify(app: &TestApp, token: &str) -> Reply {
    let token = json!({ "token": token, "password": PASSWORD });
    app.anonymous().post("/auth/email/verify", token).await
}

async fn forgot(app: &TestApp, email: &str) -> Reply {
    let email = json!({ "email": email });
    app.anonymous().post("/auth/password/forgot", email).await
}

async fn reset(app: &TestApp, token: &str, password: &str) -> Reply {
    let reset = json!({ "token": token, "password": password });
    app.anonymous().post("/auth/password/reset", reset).await
}

async fn sign_in(app: &TestApp, login: &str, password: &str) -> Reply {
    let credentials = json!({ "login": login, "password": password });
    app.anonymous().post("/auth/login", credentials).await
}

/// More than a minute after the last letter of a kind.
async fn later(app: &TestApp) {
    let set = format!("UPDATE one_time_tokens SET created_at = {LONG_AGO}");
    sql::run(&app.kernel, &set).await;
}

async fn expire(app: &TestApp) {
    let set = format!("UPDATE one_time_tokens SET expires_at = {LONG_AGO}");
    sql::run(&app.kernel, &set).await;
}

/// Returns whether the user's address is verified, and the address that waits for its verification.
async fn state(who: &Client) -> (bool, Option<String>) {
    let me = who.get("/auth/me").await.expect_status(200).body;
    let pending = me["pending_email"].as_str().map(str::to_owned);
    (me["email_verified"].as_bool().unwrap(), pending)
}

/// To whom, and what about.
fn heads(letters: &[Letter]) -> Vec<(&str, &str)> {
    letters
        .iter()
        .map(|letter| (letter.to.as_str(), letter.subject.as_str()))
        .collect()
}
