//! The log lines of a server: text in development, JSON in production.
use serde_json::Value;
use tests::{
    Client, PASSWORD, json,
    process::{Process, eventually},
};

use crate::cli::program;

/// Waits until the log has a line with this text, and returns it without the time.
async fn line_with(server: &Process, text: &str) -> String {
    eventually("the line is in the log", async || {
        let log = server.log();
        let found = log.lines().find(|line| line.contains(text));
        found.map(|line| line.split_once(' ').unwrap().1.to_owned())
    })
    .await
}

#[actix_web::test]
async fn in_development_a_request_is_a_short_line() {
    let (program, _) = program().await;
    let create = "user create --username root --email root@example.org --superuser";
    program.ok(create, PASSWORD).await;
    let (server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let root = anyone.with_token(&anyone.login("root", PASSWORD).await);

    root.get("/posts?title=secret").await.expect_status(200);
    let id = root.publish("Hello").await.id();
    root.get(format!("/posts/{id}")).await.expect_status(200);
    anyone
        .get("//nowhere/%0Aat%1Ball?token=secret")
        .await
        .expect_status(404);
    anyone
        .get(format!("//{}", "x".repeat(500)))
        .await
        .expect_status(404);

    let posts = line_with(&server, "GET /api/v1/posts 200").await;
    let (_, rest) = posts.split_once(" 200 ").unwrap();
    let (time, user) = rest.split_once(" ms ").unwrap();
    assert!(time.parse::<f64>().is_ok(), "{posts}");
    assert_eq!(user, "user=1");
    line_with(&server, &format!("GET /api/v1/posts/{id} 200 ")).await;
    let unmatched = line_with(&server, "/nowhere").await;
    assert!(
        unmatched.starts_with("GET /nowhere/%0Aat%1Ball 404 "),
        "{unmatched}"
    );
    let long = line_with(&server, "xxxx").await;
    assert!(
        long.starts_with(&format!("GET /{}… 404 ", "x".repeat(99))),
        "{long}"
    );
    let log = server.log();
    assert!(
        !log.contains("secret"),
        "a query string is in the log: {log}"
    );
    assert!(
        !log.contains("readyz"),
        "a successful probe is in the log: {log}"
    );
}

#[actix_web::test]
async fn in_production_the_log_is_json_and_names_unmatched_paths() {
    let (program, _) = program().await;
    let program = program.with("ATOLL_PROFILE", "production");
    let (mut server, address) = program
        .with("ATOLL__SERVER__DRAIN_DELAY", "0s")
        .serve()
        .await;
    let anyone = Client::new(address, None, 0);
    anyone.get("/posts").await.expect_status(200);
    anyone
        .get("//nowhere/at/all?token=secret")
        .await
        .expect_status(404);
    server.terminate();
    server.end().await;

    let log = server.log();
    let lines = log.lines().map(|line| serde_json::from_str(line).unwrap());
    let lines: Vec<Value> = lines.collect();
    let requests = lines.iter().filter(|line| line["message"] == "request");
    let requests: Vec<_> = requests.collect();
    let matched = requests
        .iter()
        .find(|line| line["span"]["route"] == "/api/v1/posts")
        .unwrap();
    assert_eq!(matched["status"], 200);
    assert!(matched["latency_ms"].is_f64(), "{matched}");
    assert_eq!(matched["span"]["path"], Value::Null, "the route says it");
    let unmatched = requests.iter().find(|line| line["status"] == 404).unwrap();
    assert_eq!(unmatched["span"]["path"], "/nowhere/at/all");
    assert!(!log.contains("secret"), "{log}");
    for setting in ["auth.key", "audit.key", "server.public_url"] {
        let warns = |line: &Value| {
            let text = line["message"].as_str().unwrap_or_default();
            line["level"] == "WARN" && text.contains(setting)
        };
        assert!(lines.iter().any(warns), "{setting}: {log}");
    }
}

#[actix_web::test]
async fn in_development_a_mail_is_text_with_the_link_on_a_line_of_its_own() {
    let (program, _) = program().await;
    let program = program
        .with("ATOLL__MAIL__TRANSPORT", "log")
        .with("ATOLL__MAIL__FROM", "atoll@example.org");
    let (server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let ada = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });

    anyone.post("/auth/register", ada).await.expect_status(202);

    line_with(&server, "mail to ada@example.org").await;
    let log = server.log();
    let link = log
        .lines()
        .map(str::trim)
        .find(|line| line.starts_with("http"));
    let link = link.unwrap_or_else(|| panic!("no link on a line of its own: {log}"));
    assert!(
        link.contains("/account/verify#token=") && !link.contains(' '),
        "{link}"
    );
}

#[actix_web::test]
async fn a_slow_statement_is_one_line() {
    let (program, _) = program().await;
    let (server, address) = program
        .with("ATOLL__DATABASE__SLOW_STATEMENT", "0s")
        .serve()
        .await;

    Client::new(address, None, 0)
        .get("/posts")
        .await
        .expect_status(200);

    let line = line_with(&server, "SELECT … FROM posts").await;
    assert!(line.starts_with("WARN slow statement "), "{line}");
    assert!(line.chars().count() < 350, "{line}");
}
