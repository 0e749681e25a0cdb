//! Limits on what callers may occupy at once (`[load]`): places, waiting requests, bytes and connections.
mod answers;
mod bodies;
mod connections;
mod users;

use tests::Reply;

/// A refusal for now, which says when to come back.
fn come_back(reply: Reply, status: u16, code: &str) {
    let reply = reply.expect_problem(status, code);
    assert_eq!(reply.header("retry-after"), "1");
}
