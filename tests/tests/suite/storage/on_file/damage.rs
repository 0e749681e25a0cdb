//! A server detects a database file with flipped bytes at its start.
use std::{
    fs::OpenOptions,
    os::unix::fs::FileExt,
    path::{Path, PathBuf},
    time::Duration,
};

use tests::{
    Client, Service, Sql, file_url,
    process::{Process, Program, eventually},
};

const LIMIT: Duration = Duration::from_secs(30);

/// Creates a database with posts in a folder.
async fn database(folder: &Path) -> (String, PathBuf) {
    let url = file_url(folder);
    let service = Service::at(&url, |_| {}).await;
    let ada = service.user("ada").await;
    for number in 0..20 {
        service.post(ada, &format!("Post {number}")).await;
    }
    service.kernel.database.close().await.unwrap();
    (url, folder.join("test.db"))
}

/// Inverts the bytes on the first page of `posts` that say where its rows are.
async fn damage_file(url: &str, file: &Path) {
    let sql = Sql::open(url).await;
    let root = sql
        .number("SELECT rootpage FROM sqlite_schema WHERE name = 'posts'")
        .await;
    let size = sql.number("SELECT page_size FROM pragma_page_size").await;
    sql.close().await;
    let file = OpenOptions::new()
        .read(true)
        .write(true)
        .open(file)
        .unwrap();
    let place = u64::try_from((root - 1) * size + 8).unwrap();
    let mut bytes = [0; 16];
    file.read_exact_at(&mut bytes, place).unwrap();
    let flipped = bytes.map(|byte| byte ^ 0xff);
    file.write_all_at(&flipped, place).unwrap();
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn a_check_finds_damage_and_accepts_an_intact_file() {
    let folder = tempfile::tempdir().unwrap();
    let (url, file) = database(folder.path()).await;
    let service = Service::at(&url, |_| {}).await;
    service.kernel.database.check_file(LIMIT).await;
    let blamed = service.kernel.database.is_damaged();
    service.kernel.database.close().await.unwrap();

    damage_file(&url, &file).await;
    let service = Service::at(&url, |_| {}).await;
    let database = &service.kernel.database;
    database.check_file(Duration::ZERO).await;
    let without_a_check = database.is_damaged();
    database.check_file(Duration::from_nanos(1)).await;
    let without_time = database.is_damaged();
    database.check_file(LIMIT).await;

    assert!(!blamed);
    assert!(!without_a_check, "it is turned off");
    assert!(!without_time, "it ends at its limit");
    assert!(database.is_damaged());
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn a_server_on_a_damaged_file_is_not_ready_and_says_what_to_do() {
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));
    let (url, file) = database(program.folder.path()).await;
    damage_file(&url, &file).await;

    let server = program.with("DATABASE_URL", &url).start();
    let anyone = listening(&server).await;
    let unready = eventually("it is not ready", async || {
        let reply = anyone.get("//readyz").await;
        (reply.status == 503).then_some(reply)
    })
    .await;

    let unready = unready.expect_problem(503, "unavailable");
    assert_eq!(unready.body["checks"]["intact"], false);
    assert_eq!(unready.body["checks"]["database"], true);
    let log = server.log();
    assert!(log.contains("restore a backup"), "{log}");
}

/// The check at the start is turned off.
#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn damage_that_a_read_finds_is_reported() {
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));
    let (url, file) = database(program.folder.path()).await;
    damage_file(&url, &file).await;
    let program = program
        .with("DATABASE_URL", &url)
        .with("ATOLL__DATABASE__CHECK", "0s")
        .with("ATOLL__JOBS__PURGE_INTERVAL", "0s");

    let server = program.start();
    let anyone = listening(&server).await;
    let refused = anyone.get("/posts").await;

    let refused = refused.expect_problem(503, "unavailable");
    assert_eq!(
        refused.body["detail"],
        "the database file is damaged: try again later"
    );
    let unready = anyone.get("//readyz").await;
    let unready = unready.expect_problem(503, "unavailable");
    assert_eq!(unready.body["checks"]["intact"], false);
}

/// Returns a client of a server that listens, but may not be ready.
async fn listening(server: &Process) -> Client {
    eventually("it listens", async || {
        let said = server.said();
        let first = said.lines().next()?;
        let address = first.strip_prefix("Atoll is ready: http://")?;
        Some(Client::new(address.parse().ok()?, None, 0))
    })
    .await
}
