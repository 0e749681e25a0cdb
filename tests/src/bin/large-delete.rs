//! How long it takes to delete, restore and purge a post with 400,000 comments, what that costs the server, and what others can
//! do meanwhile: on a SQLite file and on PostgreSQL.
//!
//! `cargo run --release -p tests --bin large-delete [COMMENTS]` takes some minutes. `ATOLL_BINARY` names a server to measure;
//! without it, it is `atoll-under-test` beside this program, which must be built. `TEST_DATABASE_URL` names a PostgreSQL.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::{
    cell::{Cell, RefCell},
    env, fs,
    io::{Write, stdout},
    time::{Duration, Instant},
};

use reqwest::Method;
use tests::{
    Backend, Client, PASSWORD, Sql, json,
    postgres::{Server, with_database},
    process::{Process, Program},
};
use tokio::time::sleep;

/// As long as any of it may take; the server's own limits come first.
const PATIENCE: Duration = Duration::from_mins(10);

#[actix_web::main]
async fn main() {
    let comments = env::args()
        .nth(1)
        .map_or(400_000, |count| count.parse().unwrap());
    let (url, _folder) = Backend::File.fresh().await;
    measure("SQLite, a file", &url, comments).await;
    let Some(server) = Server::find().await else {
        return say(
            "PostgreSQL: not measured, because it is not installed and TEST_DATABASE_URL is not set",
        );
    };
    let url = with_database(&server.url, &server.template);
    measure("PostgreSQL", &url, comments).await;
    server.clean().await;
}

async fn measure(what: &str, url: &str, comments: u64) {
    say(&format!("{what}, {comments} comments"));
    let binary = env::var("ATOLL_BINARY").map_or_else(
        |_| {
            env::current_exe()
                .unwrap()
                .with_file_name("atoll-under-test")
        },
        Into::into,
    );
    let program = Program::new(binary.to_str().unwrap()).with("DATABASE_URL", url);
    let (server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let ada = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    anyone.post("/auth/register", ada).await.expect_status(201);
    let sql = Sql::open(url).await;
    sql.run("UPDATE users SET is_superuser = TRUE").await;
    let ada = Client::new(address, Some(anyone.login("ada", PASSWORD).await), 0);
    let post = ada.publish("Hello").await;
    let at = if sql.is_postgres() {
        "now()"
    } else {
        "strftime('%Y-%m-%dT%H:%M:%S.000000+00:00', 'now')"
    };
    sql.run(&format!(
        "INSERT INTO comments (created_at, updated_at, version, post_id, author_id, body) \
         WITH RECURSIVE n(i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {comments}) \
         SELECT {at}, {at}, 1, {}, 1, 'Comment ' || i FROM n",
        post.id()
    ))
    .await;
    if sql.is_postgres() {
        sql.run("ANALYZE").await;
    }
    say(&format!("  memory before        {}", memory(&server)));
    let steps = [
        ("delete", Method::DELETE, post.url().to_owned()),
        ("restore", Method::POST, format!("{}/restore", post.url())),
        ("delete again", Method::DELETE, post.url().to_owned()),
        ("purge", Method::POST, format!("{}/purge", post.url())),
    ];
    for (name, method, path) in steps {
        step(name, &ada, method, &path).await;
        seal(&sql).await;
        say(&format!("    memory at most     {}", memory(&server)));
    }
    let left = sql.number("SELECT count(*) FROM comments").await;
    say(&format!("  comments left        {left}"));
    sql.close().await;
}

/// One request, beside a reader and a writer.
async fn step(name: &str, client: &Client, method: Method, path: &str) {
    let is_over = Cell::new(false);
    let reads = RefCell::new(Vec::new());
    let writes = RefCell::new(Vec::new());
    let started = Instant::now();
    let work = async {
        let request = client.request(method, path).timeout(PATIENCE);
        let status = request.send().await.unwrap().status();
        is_over.set(true);
        status
    };
    let reading = async {
        while !is_over.get() {
            let asked = Instant::now();
            client.get("/posts?limit=1").await.expect_status(200);
            reads.borrow_mut().push(asked.elapsed());
            sleep(Duration::from_millis(10)).await;
        }
    };
    let trying = async {
        while !is_over.get() {
            let post = json!({ "title": "Other", "content": "…" });
            let status = client.post("/posts", post).await.status;
            writes.borrow_mut().push(status);
            sleep(Duration::from_millis(10)).await;
        }
    };
    let (status, (), ()) = tokio::join!(work, reading, trying);
    let took = started.elapsed();
    let reads = reads.into_inner();
    let slowest = reads.iter().max().copied().unwrap_or_default();
    let writes = writes.into_inner();
    let done = writes.iter().filter(|status| **status == 201).count();
    say(&format!("  {name:<20} {status} in {took:.1?}"));
    say(&format!(
        "    meanwhile          {} reads, the slowest {slowest:.0?}; {done} writes, {} answered 503",
        reads.len(),
        writes.iter().filter(|status| **status == 503).count()
    ));
}

/// Waits until the sealer has sealed everything.
async fn seal(sql: &Sql) {
    let started = Instant::now();
    let unsealed =
        "SELECT (SELECT count(*) FROM audit_entries) - (SELECT count(*) FROM audit_seals)";
    while sql.number(unsealed).await > 0 {
        sleep(Duration::from_millis(200)).await;
    }
    say(&format!("    sealed in          {:.1?}", started.elapsed()));
}

/// The most that the server ever held.
fn memory(server: &Process) -> String {
    let status = fs::read_to_string(format!("/proc/{}/status", server.id())).unwrap();
    let line = status.lines().find(|line| line.starts_with("VmHWM:"));
    line.unwrap_or_default()
        .replace("VmHWM:", "")
        .trim()
        .to_owned()
}

fn say(line: &str) {
    let mut out = stdout();
    writeln!(out, "{line}").unwrap();
}
