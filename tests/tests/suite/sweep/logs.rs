//! No log line contains a secret at any log level.
use tests::{Client, PASSWORD, json};

use crate::cli::program;

/// Sent passwords, and real and invented tokens. None of them is part of another text.
const SENT: [&str; 6] = [
    PASSWORD,
    "violet umbrella parade",
    "marmalade orbit canoe",
    "not-this-one-either",
    "nobody-ever-gave-this-token",
    "kanarienvogel@example.org",
];

/// Sends every kind of request with a secret: sign-ups, sign-ins, changes, refusals and failures. Returns the tokens.
async fn everything(anyone: &Client) -> Vec<String> {
    let [first, second, third, wrong, token, email] = SENT;
    let account = json!({ "username": "ada", "email": email, "password": first });
    anyone
        .post("/auth/register", account.clone())
        .await
        .expect_status(201);
    anyone
        .post("/auth/register", account)
        .await
        .expect_status(409);
    for (login, password, status) in [
        ("ada", wrong, 401),
        (email, wrong, 401),
        ("nobody", wrong, 401),
        (email, first, 200),
    ] {
        let credentials = json!({ "login": login, "password": password });
        anyone
            .post("/auth/login", credentials)
            .await
            .expect_status(status);
    }
    let wordy = json!({ "login": "ada", "password": { "text": wrong } });
    anyone.post("/auth/login", wordy).await.expect_status(422);
    let torn = format!("{{\"login\":\"ada\",\"password\":\"{wrong}");
    let torn = anyone
        .request(reqwest::Method::POST, "/auth/login")
        .body(torn);
    let torn = torn.header("content-type", "application/json").send().await;
    assert_eq!(torn.unwrap().status(), 400);
    anyone
        .with_token(token)
        .get("/auth/me")
        .await
        .expect_status(401);

    let ada = anyone.with_token(&anyone.login("ada", first).await);
    let change = json!({ "current_password": wrong, "new_password": second });
    ada.post("/auth/password", change).await.expect_status(422);
    let change = json!({ "current_password": first, "new_password": second });
    ada.post("/auth/password", change).await.expect_status(204);
    ada.get("/auth/me").await.expect_status(200);

    let root = anyone.with_token(&anyone.login("root", PASSWORD).await);
    let new = json!({ "username": "bob", "email": format!("bob.{email}"), "password": third });
    root.post("/users", new.clone()).await.expect_status(201);
    let operations = json!({ "operations": [{ "op": "create", "data": new }] });
    root.post("/users/bulk", operations)
        .await
        .expect_status(409);
    root.import("/users/import", new.to_string())
        .await
        .expect_status(422);
    root.get(format!("/users?email={email}"))
        .await
        .expect_status(200);
    for path in ["/users/export", "/users/2/history", "/audit", "/users"] {
        root.get(path).await.expect_status(200);
    }
    ada.act("/auth/logout").await.expect_status(204);
    vec![ada.token().to_owned(), root.token().to_owned()]
}

#[actix_web::test]
async fn no_log_line_has_a_secret_in_it_at_any_level() {
    let (program, _) = program().await;
    program.ok("migrate up", "").await;
    let create = "user create --username root --email root@example.org --superuser";
    program.ok(create, PASSWORD).await;
    let (mut server, address) = program.with("RUST_LOG", "trace").serve().await;

    let tokens = everything(&Client::new(address, None, 0)).await;

    server.terminate();
    server.end().await;
    let log = server.log();
    assert!(log.contains("TRACE") && log.contains("/api/v1/auth/password"));
    let tokens = tokens.iter().map(String::as_str);
    for secret in SENT.into_iter().chain(tokens).chain(["argon2id"]) {
        let line = log.lines().find(|line| line.contains(secret));
        assert_eq!(line, None, "{secret}");
    }
}
