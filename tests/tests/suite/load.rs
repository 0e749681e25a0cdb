//! Limits on what callers may occupy at once (`[load]`): places, waiting requests, bytes and connections.
mod answers;
mod bodies;
mod connections;
mod users;

use tests::{Reply, TestApp, sql};

/// A refusal for now, which says when to come back.
fn come_back(reply: Reply, status: u16, code: &str) {
    let reply = reply.expect_problem(status, code);
    assert_eq!(reply.header("retry-after"), "1");
}

/// Gives every post 50,000 characters by SQL: through the API, a debug build takes long to index them.
async fn lengthen_posts(app: &TestApp) {
    let content = "x".repeat(50_000);
    let update = format!("UPDATE posts SET content = '{content}'");
    sql::run(&app.kernel, &update).await;
}
