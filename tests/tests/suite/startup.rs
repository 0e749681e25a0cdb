//! Starting and stopping the server.
use futures_util::future::join_all;
use tests::{
    Client, PASSWORD, Sql, json,
    process::{Process, Program, eventually},
    scaled,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::cli::program;

/// Servers that start at the same moment on a database without tables.
const TOGETHER: usize = 4;

#[actix_web::test]
async fn the_first_start_in_an_empty_folder_works() {
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));

    let (server, address) = program.serve().await;

    let said = server.said();
    assert!(program.folder.path().join("data/atoll.db").exists());
    assert!(said.contains(&format!("http://{address}")), "{said}");
    assert_eq!(
        said.matches(&format!("  http://{address}/")).count(),
        4,
        "three links, and one to begin with: {said}"
    );
    assert!(said.contains("/welcome#token="), "{said}");
    assert!(said.contains("atoll user create --username"), "{said}");
    let anyone = Client::new(address, None, 0);
    anyone.get("/posts").await.expect_status(200);
}

#[actix_web::test]
async fn servers_that_start_together_on_an_empty_database_all_come_up() {
    let (program, url) = program().await;

    let mut servers: Vec<_> = (0..TOGETHER).map(|_| program.start()).collect();
    let addresses = join_all(servers.iter_mut().map(Process::ready)).await;

    for address in addresses {
        Client::new(address, None, 0)
            .get("/posts")
            .await
            .expect_status(200);
    }
    let steps = Sql::open(&url)
        .await
        .texts("SELECT version FROM seaql_migrations ORDER BY 1")
        .await;
    let mut once = steps.clone();
    once.dedup();
    assert_eq!(steps, once);
}

#[actix_web::test]
async fn a_port_that_is_taken_is_named() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));

    let refused = program
        .with("PORT", &address.port().to_string())
        .refused("serve")
        .await;

    assert!(refused.contains(&address.to_string()), "{refused}");
}

/// Sockets of the pool must not end with the workers: the end of the first run is written after them.
#[actix_web::test]
async fn a_stop_before_there_is_a_superuser_ends_well() {
    let (program, _) = program().await;

    for _ in 0..scaled(3) {
        let (mut server, address) = program.serve().await;
        let anyone = Client::new(address, None, 0);
        join_all((0..8).map(|_| anyone.get("/posts"))).await;

        server.terminate();

        let status = server.end().await;
        assert!(status.success(), "{status}: {}", server.log());
    }
}

#[actix_web::test]
async fn a_database_server_that_refuses_connections_is_named() {
    let free = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = free.local_addr().unwrap();
    drop(free);
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));
    let url = format!("postgres://atoll@{address}/atoll");

    let refused = program.with("DATABASE_URL", &url).refused("serve").await;

    assert!(refused.contains("Connection refused"), "{refused}");
    assert!(refused.contains(&address.to_string()), "{refused}");
}

#[actix_web::test]
async fn neither_passwords_nor_tokens_are_logged() {
    let (program, _) = program().await;
    let program = program.with("RUST_LOG", "trace");
    let (server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let ada = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });

    anyone.post("/auth/register", ada).await.expect_status(201);
    let token = anyone.login("ada", PASSWORD).await;
    anyone.with_token(&token).publish("Hello").await;

    let log = eventually("the requests are in the log", async || {
        Some(server.log()).filter(|log| log.contains("/api/v1/posts"))
    })
    .await;
    assert!(!log.contains(PASSWORD), "a password is in the log");
    assert!(!log.contains(&token), "a token is in the log");
}

/// It says first that it is not ready, for a while, then takes no more requests, and ends when all are served.
#[actix_web::test]
async fn a_server_that_is_told_to_stop_ends_what_it_has_begun() {
    let (program, _) = program().await;
    let (mut server, address) = program
        .with("ATOLL__SERVER__DRAIN_DELAY", "2s")
        .serve()
        .await;
    let anyone = Client::new(address, None, 0);
    let body = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    let body = body.to_string();
    let (first, rest) = body.split_at(20);
    let head = format!(
        "POST /api/v1/auth/register HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\nContent-Length: {}\r\n\r\n",
        body.len()
    );
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all((head + first).as_bytes()).await.unwrap();
    anyone.get("//readyz").await.expect_status(200);

    server.terminate();
    let unready = eventually("it says that it is not ready", async || {
        let reply = anyone.get("//readyz").await;
        (reply.status == 503).then_some(reply)
    })
    .await;
    anyone.get("/posts").await.expect_status(200);
    eventually("it takes no more requests", async || {
        let reply = anyone.get("/posts").await;
        (reply.status == 503).then(|| reply.expect_problem(503, "unavailable"))
    })
    .await;
    slow.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    slow.read_to_string(&mut answer).await.unwrap();

    let unready = unready.expect_problem(503, "unavailable");
    let checks = json!({ "database": true, "migrations": true, "writable": true, "intact": true, "accepting": false });
    assert_eq!(unready.body["checks"], checks);
    assert_eq!(unready.header("retry-after"), "1");
    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(server.end().await.success());
}
