//! The links that the program prints.
use tests::{Client, PASSWORD, Reply, json};

use crate::cli::program;

fn token(said: &str) -> &str {
    let (_, rest) = said
        .split_once("/welcome#token=")
        .unwrap_or_else(|| panic!("no link: {said}"));
    rest.split_whitespace().next().unwrap()
}

async fn accept(client: &Client, token: &str, name: &str) -> Reply {
    let account = json!({
        "username": name, "email": format!("{name}@example.org"), "password": PASSWORD,
    });
    let body = json!({ "token": token, "account": account });
    client.post("/auth/invite/accept", body).await
}

#[actix_web::test]
async fn a_server_without_a_superuser_prints_a_link_to_make_one() {
    let (program, _) = program().await;
    let (mut server, address) = program.serve().await;
    let said = server.said();
    assert!(
        said.contains(&format!("http://{address}/welcome#token=")),
        "{said}"
    );
    let old = token(&said).to_owned();
    server.terminate();
    server.end().await;

    let (mut server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let said = server.said();
    accept(&anyone, &old, "eve")
        .await
        .expect_problem(422, "validation_failed")
        .expect_error_at("/token");
    let root = accept(&anyone, token(&said), "root")
        .await
        .expect_status(201);

    assert_eq!(root.body["is_superuser"], true);
    let log = server.log();
    assert!(
        !log.contains(&old) && !log.contains(token(&said)),
        "a token is in the log"
    );
    server.terminate();
    server.end().await;
    let (server, _) = program.serve().await;
    assert!(!server.said().contains("welcome"), "{}", server.said());
}

#[actix_web::test]
async fn an_operator_can_invite_a_user() {
    let (program, _) = program().await;
    let said = program
        .ok("user invite --superuser --email root@example.org", "")
        .await;
    let refused = program.refused("user invite --email nowhere").await;
    assert!(refused.contains("email"), "{refused}");

    let (_server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let made = accept(&anyone, token(&said), "root").await;

    assert_eq!(made.expect_status(201).body["is_superuser"], true);
}

#[actix_web::test]
async fn a_link_begins_with_the_public_url() {
    let (program, _) = program().await;
    let program = program.with("ATOLL__SERVER__PUBLIC_URL", "https://atoll.example.org");

    let said = program.ok("user invite", "").await;

    let link = "https://atoll.example.org/welcome#token=";
    assert!(said.starts_with(link), "{said}");
}
