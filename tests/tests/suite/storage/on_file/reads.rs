//! A long read ends at its deadline, and when its client disconnects.
use std::net::SocketAddr;

use tests::{
    Client, Sql, migrated_file,
    process::{Process, Program, eventually},
};
use tokio::{io::AsyncWriteExt, net::TcpStream};

/// Rows whose comparison with [`pattern`] takes several seconds, in any build.
const ROWS: usize = 20_000;
const LENGTH: usize = 2_000;

/// The tries of a read that needs the only connection, and how long each waits for it.
const TRIES: usize = 5;
const ACQUIRE_TIMEOUT: &str = "800ms";

/// Returns a list whose filter matches each row nearly to its end, at each position.
fn pattern() -> String {
    format!("/comments?body[contains]={}b", "a".repeat(150))
}

/// Starts a server with one connection for reads, and comments that take long to search.
async fn slow_server(read_timeout: &str) -> (Process, SocketAddr) {
    let program = Program::new(env!("CARGO_BIN_EXE_atoll-under-test"));
    let url = migrated_file(program.folder.path()).await;
    let program = program
        .with("DATABASE_URL", &url)
        .with("ATOLL__DATABASE__MAX_CONNECTIONS", "1")
        .with("ATOLL__DATABASE__ACQUIRE_TIMEOUT", ACQUIRE_TIMEOUT)
        .with("ATOLL__DATABASE__READ_TIMEOUT", read_timeout);
    program
        .ok("seed --users 1 --posts 1 --comments 1", "")
        .await;
    let sql = Sql::open(&url).await;
    let columns = sql
        .texts("SELECT name FROM pragma_table_info('comments') WHERE name NOT IN ('id', 'body')")
        .await
        .join(", ");
    let bodies = format!("replace(hex(zeroblob({})), '0', 'a')", LENGTH / 2);
    sql.run(&format!(
        "WITH RECURSIVE n (i) AS (SELECT 1 UNION ALL SELECT i + 1 FROM n WHERE i < {ROWS}) \
         INSERT INTO comments (body, {columns}) SELECT {bodies}, {columns} FROM comments, n"
    ))
    .await;
    sql.close().await;
    program.serve().await
}

/// Returns true if the only connection is free within a few tries.
async fn is_free(client: &Client) -> bool {
    for _ in 0..TRIES {
        if client.get("/posts").await.status == 200 {
            return true;
        }
    }
    false
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn a_read_that_overruns_is_ended_and_leaves_its_connection() {
    let (_server, address) = slow_server("500ms").await;
    let anyone = Client::new(address, None, 0);

    let refused = anyone.get(pattern()).await;

    let refused = refused.expect_problem(503, "query_timeout");
    assert!(!refused.headers.contains_key("retry-after"));
    assert!(
        is_free(&anyone).await,
        "the statement of a refused read is still running"
    );
    anyone.get("//readyz").await.expect_status(200);
}

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn a_read_without_its_client_is_ended() {
    let (_server, address) = slow_server("1m").await;
    let anyone = Client::new(address, None, 0);
    let head = format!(
        "GET /api/v1{} HTTP/1.1\r\nHost: {address}\r\n\r\n",
        pattern()
    );

    for resets in [false, true] {
        let mut slow = TcpStream::connect(address).await.unwrap();
        slow.write_all(head.as_bytes()).await.unwrap();
        // The read has the only connection when another read waits for it in vain.
        eventually("the read has the only connection", async || {
            (anyone.get("/posts").await.status != 200).then_some(())
        })
        .await;
        if resets {
            slow.set_zero_linger().unwrap();
        }
        drop(slow);

        assert!(
            is_free(&anyone).await,
            "the read is still running without its client (reset: {resets})"
        );
    }
}
