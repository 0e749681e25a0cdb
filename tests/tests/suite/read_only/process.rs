//! The mode of a process: by its configuration, by signals and by `atoll mode`.
use tests::{
    Client, Sql,
    process::{Process, eventually},
    throw_away::send,
};

use super::write;
use crate::cli::program;

const CONFIGURED: (&str, &str) = ("ATOLL__SERVER__MODE", "read_only");

/// An anonymous write: it is refused for want of a sign-in unless the mode comes first.
async fn code(anyone: &Client) -> String {
    let login = tests::json!({ "login": "nobody", "password": "wrong horse battery" });
    let reply = anyone.post("/auth/login", login).await;
    reply.body["code"].as_str().unwrap().to_owned()
}

async fn becomes(anyone: &Client, expected: &str) {
    eventually(expected, async || {
        (code(anyone).await == expected).then_some(())
    })
    .await;
}

fn lines(process: &Process, text: &str) -> usize {
    process
        .log()
        .lines()
        .filter(|line| line.contains(text))
        .count()
}

#[actix_web::test]
async fn signals_switch_one_process_and_each_change_is_logged_once() {
    let (program, _) = program().await;
    let (server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);

    send("USR1", server.id());
    becomes(&anyone, "read_only").await;
    for _ in 0..20 {
        assert_eq!(code(&anyone).await, "read_only");
    }
    anyone.get("/posts").await.expect_status(200);
    eventually("the mode is logged", async || {
        (lines(&server, "writes are refused") > 0).then_some(())
    })
    .await;
    send("USR2", server.id());
    becomes(&anyone, "unauthenticated").await;
    eventually("the end of the mode is logged", async || {
        (lines(&server, "writes are accepted again") > 0).then_some(())
    })
    .await;

    assert_eq!(lines(&server, "writes are refused"), 1, "{}", server.log());
    assert_eq!(lines(&server, "WARN"), 1, "{}", server.log());
}

#[actix_web::test]
async fn a_configured_mode_lasts_until_a_signal_ends_it() {
    let (program, _) = program().await;
    let (mut server, address) = program.with(CONFIGURED.0, CONFIGURED.1).serve().await;
    let anyone = Client::new(address, None, 0);

    assert_eq!(code(&anyone).await, "read_only");
    let ready = anyone.get("//readyz").await.expect_status(200);
    assert_eq!(ready.body["mode"], "read_only");
    assert!(!server.said().contains("No superuser"), "{}", server.said());
    send("USR2", server.id());
    becomes(&anyone, "unauthenticated").await;

    send("USR1", server.id());
    becomes(&anyone, "read_only").await;
    server.terminate();
    assert!(server.end().await.success(), "{}", server.log());
}

#[actix_web::test]
async fn the_command_switches_a_running_server_and_the_doctor_says_so() {
    let (program, _) = program().await;
    let (_server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);

    assert_eq!(program.ok("mode", "").await, "all servers: read_write\n");
    assert_eq!(
        program.ok("mode read_only", "").await,
        "all servers: read_only\n"
    );
    becomes(&anyone, "read_only").await;
    write(&anyone).await.expect_problem(401, "unauthenticated");
    let doctor = program.run("doctor", "").await;
    let said = String::from_utf8_lossy(&doctor.stdout);
    assert_eq!(doctor.status.code(), Some(1), "{said}");
    assert!(said.contains("read-only mode: an administrator"), "{said}");

    // A server that starts meanwhile is read-only, too.
    let (_later, address) = program.serve().await;
    assert_eq!(code(&Client::new(address, None, 0)).await, "read_only");
    assert_eq!(
        program.ok("mode read_write", "").await,
        "all servers: read_write\n"
    );
    becomes(&anyone, "unauthenticated").await;
}

/// The first run of each job is due at once, and another one every few milliseconds. They succeed once the mode ends.
#[actix_web::test]
async fn jobs_pause_without_a_warning() {
    let (program, url) = program().await;
    let ada = "user create --username ada --email ada@example.org";
    program.ok(ada, tests::PASSWORD).await;
    let program = program
        .with(CONFIGURED.0, CONFIGURED.1)
        .with("ATOLL__AUDIT__SEAL_INTERVAL", "5ms")
        .with("ATOLL__JOBS__PURGE_INTERVAL", "5ms")
        .with("ATOLL__MAIL__TRANSPORT", "log")
        .with("ATOLL__MAIL__FROM", "atoll@example.org");
    let (server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    eventually("the mode is logged", async || {
        (lines(&server, "writes are refused") > 0).then_some(())
    })
    .await;
    for _ in 0..20 {
        anyone.get("/posts").await.expect_status(200);
    }
    let sealed = "SELECT count(*) FROM audit_seals";
    assert_eq!(Sql::open(&url).await.number(sealed).await, 0);

    send("USR2", server.id());
    eventually("the audit log is sealed again", async || {
        (Sql::open(&url).await.number(sealed).await > 0).then_some(())
    })
    .await;

    assert_eq!(lines(&server, "will retry"), 0, "{}", server.log());
    assert_eq!(lines(&server, "WARN"), 1, "{}", server.log());
}
