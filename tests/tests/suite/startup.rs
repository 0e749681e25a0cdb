//! Starting and stopping the server.
use std::{fs, net::SocketAddr};

use futures_util::future::join_all;
use kernel::migration::MigratorTraitSelf;
use tests::{
    Client, PASSWORD, Sql, json,
    port::ReservedPort,
    process::{Process, Program, eventually, within_limit},
    scaled,
};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::TcpStream,
};

use crate::cli::{program, program_without_tables};

/// The number of servers that start at once on a database without tables.
const TOGETHER: usize = 4;

/// The interim answer to `Expect: 100-continue` (RFC 9110, section 10.1.1).
const CONTINUE: &str = "HTTP/1.1 100 Continue\r\n\r\n";

#[actix_web::test]
async fn the_first_start_in_an_empty_folder_works() {
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));

    let (server, address) = program.serve().await;

    let said = server.said();
    assert!(program.folder.path().join("data/atoll.db").exists());
    assert!(said.contains(&format!("http://{address}")), "{said}");
    assert_eq!(
        said.matches(&format!("  http://{address}/")).count(),
        5,
        "four links, and one to begin with: {said}"
    );
    assert!(said.contains("/welcome#token="), "{said}");
    assert!(said.contains("atoll user create --username"), "{said}");
    let folder = fs::canonicalize(program.folder.path()).unwrap();
    let migrations = migration::MIGRATOR.migrations().len();
    let database = format!("{}/data/atoll.db", folder.display());
    let created = format!("Database: created {database}, applied {migrations} migrations\n");
    assert!(said.contains(&created), "{said}");
    let anyone = Client::new(address, None, 0);
    anyone.get("/posts").await.expect_status(200);
    drop(server);
    let (server, _) = program.serve().await;
    let said = server.said();
    assert!(said.contains(&format!("Database: {database}\n")), "{said}");
}

#[actix_web::test]
async fn servers_that_start_together_on_an_empty_database_all_become_ready() {
    let (program, url) = program_without_tables().await;

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
async fn a_failed_start_names_the_port_that_is_in_use() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap();
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));

    let refused = program
        .with("PORT", &address.port().to_string())
        .refused("serve")
        .await;

    assert!(refused.contains(&address.to_string()), "{refused}");
    for setting in ["server.port", "ATOLL__SERVER__PORT", "--port"] {
        assert!(refused.contains(setting), "{setting}: {refused}");
    }
}

/// Connections of the pool must not end with the workers: the server revokes its first-run token after them.
#[actix_web::test]
async fn a_server_without_a_superuser_stops_successfully() {
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
async fn a_failed_start_names_the_database_server_that_refuses_connections() {
    let port = ReservedPort::bind();
    let address = format!("127.0.0.1:{}", port.number);
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"))
        .with("ATOLL__DATABASE__ACQUIRE_TIMEOUT", "800ms");
    let url = format!("postgres://atoll@{address}/atoll");

    let refused = program.with("DATABASE_URL", &url).refused("serve").await;

    assert!(refused.contains("Connection refused"), "{refused}");
    assert!(refused.contains(&address), "{refused}");
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

async fn is_unready(anyone: &Client) -> Option<tests::Reply> {
    let reply = anyone.get("//readyz").await;
    (reply.status == 503).then_some(reply)
}

#[actix_web::test]
async fn a_stopping_server_is_not_ready_and_serves_requests_during_its_drain_delay() {
    let (program, _) = program().await;
    let (server, address) = program
        .with("ATOLL__SERVER__DRAIN_DELAY", "1h")
        .serve()
        .await;
    let anyone = Client::new(address, None, 0);
    anyone.get("//readyz").await.expect_status(200);

    server.terminate();

    let unready = eventually("the server is not ready", async || {
        is_unready(&anyone).await
    })
    .await;
    let unready = unready.expect_problem(503, "unavailable");
    let checks = json!({ "database": true, "migrations": true, "writable": true, "intact": true, "accepting": false });
    assert_eq!(unready.body["checks"], checks);
    assert_eq!(unready.header("retry-after"), "1");
    anyone.get("/posts").await.expect_status(200);
}

/// Begins a request whose body does not arrive completely, and returns the rest of the body.
async fn begin_request(address: SocketAddr) -> (TcpStream, String) {
    let body = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    let body = body.to_string();
    let (first, rest) = body.split_at(20);
    let head = format!(
        "POST /api/v1/auth/register HTTP/1.1\r\nHost: {address}\r\nContent-Type: application/json\r\n\
         Content-Length: {}\r\nExpect: 100-continue\r\n\r\n",
        body.len()
    );
    let mut slow = TcpStream::connect(address).await.unwrap();
    slow.write_all(head.as_bytes()).await.unwrap();
    // The server says so when it begins to work on the request.
    let mut begun = [0; CONTINUE.len()];
    let reading = slow.read_exact(&mut begun);
    within_limit("the request begins", reading).await.unwrap();
    assert_eq!(String::from_utf8_lossy(&begun), CONTINUE);
    slow.write_all(first.as_bytes()).await.unwrap();
    (slow, rest.to_owned())
}

#[actix_web::test]
async fn a_stopping_server_refuses_new_requests_and_finishes_running_ones() {
    let (program, _) = program().await;
    let (mut server, address) = program
        .with("ATOLL__SERVER__DRAIN_DELAY", "100ms")
        .serve()
        .await;
    let anyone = Client::new(address, None, 0);
    let (mut slow, rest) = begin_request(address).await;

    server.terminate();
    eventually("new requests are refused", async || {
        let reply = anyone.get("/posts").await;
        (reply.status == 503).then(|| {
            let refused = reply.expect_problem(503, "unavailable");
            assert_eq!(refused.header("connection"), "close");
        })
    })
    .await;
    slow.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = slow.read_to_string(&mut answer);
    within_limit("the answer arrives", reading).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(server.end().await.success());
}

#[actix_web::test]
async fn a_stopping_server_says_what_it_waits_for_and_when_it_is_done() {
    let (program, _) = program().await;
    let program = program.with("ATOLL__SERVER__BODY_TIMEOUT", "1h");
    let (mut server, address) = program.serve().await;
    let (mut slow, rest) = begin_request(address).await;

    server.terminate();
    eventually("the server says that it waits", async || {
        let log = server.log();
        log.contains("waiting for 1 request to end").then_some(())
    })
    .await;
    slow.write_all(rest.as_bytes()).await.unwrap();

    assert!(server.end().await.success());
    let log = server.log();
    assert!(log.ends_with("stopped\n"), "{log}");
}

#[actix_web::test]
async fn a_second_signal_stops_a_server_at_once() {
    let (program, _) = program().await;
    let program = program
        .with("ATOLL__SERVER__BODY_TIMEOUT", "1h")
        .with("ATOLL__SERVER__DRAIN_TIMEOUT", "1h");
    let (mut server, address) = program.serve().await;
    let _slow = begin_request(address).await;

    server.terminate();
    eventually("the server says that it waits", async || {
        server.log().contains("a second Ctrl-C").then_some(())
    })
    .await;
    eventually("a later signal stops it", async || {
        server.terminate();
        server.log().contains("stopped at once").then_some(())
    })
    .await;

    let status = server.end().await;
    assert_eq!(status.code(), Some(128 + 15), "{status}");
    let log = server.log();
    assert!(log.contains("stopped at once; cut off 1 request"), "{log}");
}

#[actix_web::test]
async fn a_signal_that_is_sent_twice_lets_running_requests_finish() {
    let (program, _) = program().await;
    let program = program.with("ATOLL__SERVER__BODY_TIMEOUT", "1h");
    let (mut server, address) = program.serve().await;
    let (mut slow, rest) = begin_request(address).await;

    server.terminate();
    server.terminate();
    eventually("the server says that it waits", async || {
        server.log().contains("waiting for 1 request").then_some(())
    })
    .await;
    slow.write_all(rest.as_bytes()).await.unwrap();
    let mut answer = String::new();
    let reading = slow.read_to_string(&mut answer);
    within_limit("the answer arrives", reading).await.unwrap();

    assert!(answer.starts_with("HTTP/1.1 201 "), "{answer}");
    assert!(server.end().await.success());
}
