//! No answer contains a secret, or an e-mail address that the caller may not read.
use tests::{Client, PASSWORD, Reply, TestApp, json};

use super::{all_routes, call, samples};

/// No other text contains it.
const CANARY: &str = "kanarienvogel";

const SECRETS: [&str; 5] = [
    "argon2",
    "password_hash",
    "token_hash",
    "family_hash",
    "_key\"",
];

/// Returns callers who may not read private fields: an anonymous one, a member, and one with many permissions to write.
async fn callers(app: &TestApp) -> Vec<Client> {
    let writes = [
        "users.create",
        "users.update",
        "users.delete",
        "users.restore",
        "users.purge",
        "users.audit.own",
        "posts.*",
        "comments.*",
        "roles.assign",
    ];
    vec![
        app.anonymous(),
        app.member("member").await,
        app.with_permissions("writer", &writes).await,
    ]
}

fn expect_silence(asked: &str, reply: &Reply) {
    let heard = format!("{}{:?}", reply.text, reply.headers).to_lowercase();
    assert!(reply.status < 500, "{asked}: {heard}");
    for secret in SECRETS.into_iter().chain([CANARY]) {
        assert!(!heard.contains(secret), "{asked}: {secret} in {heard}");
    }
}

#[actix_web::test]
async fn no_answer_contains_a_secret_or_the_address_of_another_user() {
    // The first user is whom every path is about.
    let app = TestApp::new().await;
    let first = app.user("first", false, &[]).await;
    let root = app.superuser("root").await;
    let address = json!({ "email": format!("{CANARY}@example.org") });
    root.patch(format!("/users/{first}"), address)
        .await
        .expect_status(200);

    for caller in callers(&app).await {
        for (method, path) in all_routes() {
            let reply = call(&caller, &method, &path).await;

            expect_silence(&format!("{method} {path}"), &reply);
        }
        root.act(format!("/users/{first}/restore")).await;
    }
}

/// A caller who tries addresses learns which are taken (docs/api.md), but not who has them.
#[actix_web::test]
async fn a_refusal_does_not_repeat_a_secret() {
    let app = TestApp::new().await;
    let first = app.user("first", false, &[]).await;
    let root = app.superuser("root").await;
    let patch = json!({ "email": format!("{CANARY}@example.org"), "full_name": "First" });
    root.patch(format!("/users/{first}"), patch)
        .await
        .expect_status(200);
    let member = app.member("member").await;
    let taken = json!({ "email": in_capitals(CANARY), "current_password": PASSWORD });
    let reply = member.patch("/auth/me", taken).await;
    expect_silence("PATCH /auth/me", &reply.expect_problem(409, "conflict"));
    let secret = "a secret of somebody else's";

    for (method, path, sample) in samples::bodies() {
        for wrong in [
            json!({ "a": secret }),
            json!([secret]),
            secret.repeat(500).into(),
        ] {
            let mut body = sample.clone();
            for (field, value) in body.as_object_mut().unwrap() {
                if field.contains("password") || field == "token" || field == "code" {
                    *value = wrong.clone();
                }
            }
            for caller in [&app.anonymous(), &member, &root] {
                let request = caller.request(method.clone(), super::numbered(&path, "1"));
                let reply = Reply::send(request.json(&body)).await;

                assert!(
                    !reply.text.contains(secret),
                    "{method} {path}: {}",
                    reply.text
                );
            }
        }
    }
    for path in ["/posts", "/auth/me"] {
        let reply = app.anonymous().with_token(secret).get(path).await;
        assert!(!reply.expect_status(401).text.contains(secret));
    }
}

/// Returns the address with other capitals.
fn in_capitals(name: &str) -> String {
    format!("{}@Example.org", name.to_uppercase())
}
