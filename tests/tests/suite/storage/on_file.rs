//! A disk fills up while a server runs, and later has room again.
mod damage;
mod reads;

use std::{
    fs,
    path::{Path, PathBuf},
    process::Command,
};

use tests::{
    Client, PASSWORD, Reply, Sql, file_url, json,
    postgres::say,
    process::{Process, Program, eventually},
};

const BINARY: &str = env!("CARGO_BIN_EXE_atoll-under-test");

/// Writes of 90,000 bytes that are tried on a disk that gets full.
const WRITES: usize = 16;

/// The allowed details of a failed write.
const TEXTS: [&str; 2] = [
    "the database disk is full: try again later",
    "the database file cannot be read or written: try again later",
];

/// A server, the writes that it acknowledged, and the sessions whose end it acknowledged.
struct Ledger {
    address: std::net::SocketAddr,
    ada: Client,
    kept: Vec<String>,
    ended: Vec<String>,
    refused: usize,
}

impl Ledger {
    async fn start(address: std::net::SocketAddr) -> Self {
        let anyone = Client::new(address, None, 0);
        let ada = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
        anyone.post("/auth/register", ada).await.expect_status(201);
        let token = anyone.login("ada", PASSWORD).await;
        Self {
            address,
            ada: Client::new(address, Some(token), 0),
            kept: Vec::new(),
            ended: Vec::new(),
            refused: 0,
        }
    }

    /// Returns the reply if it acknowledges the write. Otherwise it must give the reason and allow a retry.
    fn is_acknowledged(&mut self, reply: Reply, status: u16) -> Option<Reply> {
        if reply.status == status {
            return Some(reply);
        }
        let refused = reply.expect_problem(503, "unavailable");
        refused.header("retry-after");
        let detail = refused.body["detail"].as_str().unwrap();
        assert!(TEXTS.contains(&detail), "{detail}");
        self.refused += 1;
        None
    }

    async fn write(&mut self, title: &str, length: usize) {
        let post = json!({ "title": title, "content": "x".repeat(length) });
        let reply = self.ada.post("/posts", post).await;
        if let Some(made) = self.is_acknowledged(reply, 201) {
            self.kept.push(made.url().to_owned());
        }
    }

    async fn end(&mut self, token: String) {
        let leaving = self.ada.with_token(&token);
        let reply = leaving.act("/auth/logout").await;
        if self.is_acknowledged(reply, 204).is_some() {
            self.ended.push(token);
        }
    }

    async fn fill_disk(&mut self, token: String) {
        for number in 0..WRITES {
            self.write(&format!("Big {number}"), 90_000).await;
        }
        assert!(self.refused > 2, "the disk was never full");
        self.end(token).await;
        let unready = self.ada.get("//readyz").await;
        let unready = unready.expect_problem(503, "unavailable");
        assert_eq!(unready.body["checks"]["writable"], false);
        assert_eq!(unready.body["checks"]["database"], true);
        self.ada.get("/posts").await.expect_status(200);
    }

    /// Checks that exactly the acknowledged writes exist.
    async fn check(&self, url: &str) {
        for path in &self.kept {
            self.ada.get(path).await.expect_status(200);
        }
        for token in &self.ended {
            let gone = self.ada.with_token(token);
            gone.get("/auth/me").await.expect_status(401);
        }
        let sql = Sql::open(url).await;
        let posts = sql.number("SELECT count(*) FROM posts").await;
        assert_eq!(usize::try_from(posts).unwrap(), self.kept.len());
        sql.close().await;
    }
}

async fn check_full_disk(
    program: &Program,
    url: &str,
    shrink: impl FnOnce(&Process),
    grow: impl FnOnce(&Process),
) {
    let (mut server, address) = program.serve().await;
    let mut ledger = Ledger::start(address).await;
    let (first, second) = (
        ledger.ada.login("ada", PASSWORD).await,
        ledger.ada.login("ada", PASSWORD).await,
    );

    shrink(&server);
    ledger.fill_disk(first).await;
    // Another process finds the file unlocked.
    let other = Sql::open(url).await;
    other.run("BEGIN IMMEDIATE").await;
    other.run("ROLLBACK").await;
    other.close().await;
    grow(&server);
    eventually("it can write again", async || {
        let ready = ledger.ada.get("//readyz").await;
        (ready.status == 200).then_some(())
    })
    .await;
    for number in 0..3 {
        ledger.write(&format!("After {number}"), 10).await;
    }
    ledger.end(second).await;

    assert!(ledger.kept.len() >= 3, "{:?}", ledger.kept);
    assert!(!ledger.ended.is_empty());
    ledger.check(url).await;
    server.kill();
    let (_server, address) = program.serve().await;
    ledger.address = address;
    let token = Client::new(address, None, 0).login("ada", PASSWORD).await;
    ledger.ada = Client::new(address, Some(token), 0);
    ledger.check(url).await;
    let (kept, refused) = (ledger.kept.len(), ledger.refused);
    say(&format!("{kept} acknowledged, {refused} refused, 0 lost"));
}

/// This needs no root: a write to a file that may not grow fails with `SQLITE_IOERR_WRITE`.
#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn no_acknowledged_write_is_lost_while_the_file_cannot_grow() {
    let script = concat!(
        env!("CARGO_MANIFEST_DIR"),
        "/tests/suite/storage/ignore-xfsz"
    );
    let program = Program::new(script).with("BINARY", BINARY);
    let (folder, url) = (
        program.folder.path().to_owned(),
        file_url(program.folder.path()),
    );
    let program = program.with("DATABASE_URL", &url);
    let limit = |server: &Process, size: String| {
        let mut prlimit = Command::new("prlimit");
        prlimit.args(["--pid", &server.id().to_string()]);
        let done = prlimit.arg(format!("--fsize={size}:unlimited")).status();
        assert!(done.unwrap().success());
    };

    let shrink = |server: &Process| {
        let log = fs::metadata(folder.join("test.db-wal")).unwrap().len();
        limit(server, (log + 200_000).to_string());
    };
    let grow = |server: &Process| limit(server, "unlimited".to_owned());
    check_full_disk(&program, &url, shrink, grow).await;
}

/// A file system in memory, which is removed with the test.
struct Tmpfs(PathBuf);

impl Tmpfs {
    /// Returns `None` if mounting is not permitted, and prints that. In CI it panics.
    fn mount(folder: &Path, size: &str) -> Option<Self> {
        fs::create_dir(folder).unwrap();
        let tmpfs = Self(folder.to_owned());
        if tmpfs.run(&["-t", "tmpfs", "-o", &format!("size={size}"), "tmpfs"]) {
            return Some(tmpfs);
        }
        assert!(
            std::env::var("CI").is_err(),
            "CI wants root: mounting a tmpfs failed"
        );
        say("NOT RUN: mounting a small tmpfs for the full disk needs root");
        None
    }

    fn resize(&self, size: &str) {
        assert!(self.run(&["-o", &format!("remount,size={size}")]));
    }

    fn run(&self, arguments: &[&str]) -> bool {
        let mut mount = Command::new("mount");
        let done = mount.args(arguments).arg(&self.0).output();
        done.is_ok_and(|done| done.status.success())
    }
}

impl Drop for Tmpfs {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// This needs root: the disk is full (`SQLITE_FULL`).
#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn no_acknowledged_write_is_lost_on_a_full_disk() {
    let program = Program::new(BINARY);
    let folder = program.folder.path().join("disk");
    let Some(disk) = Tmpfs::mount(&folder, "3m") else {
        return;
    };
    let url = file_url(&folder);
    let program = program.with("DATABASE_URL", &url);

    check_full_disk(&program, &url, |_| {}, |_| disk.resize("60m")).await;
}
