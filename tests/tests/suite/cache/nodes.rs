//! Two servers on one database, each with a cache of its own.
use std::time::{Duration, Instant};

use tests::{Backend, Client, Sql, TestApp, json, process::eventually};

use super::{cached, is_cached};

/// An answer is used for one second. A busy machine may take longer to ask than the server to forget.
const BOUND: Duration = Duration::from_secs(10);

/// Checks that a server learns of each change of another one within a second, and of one that no server made.
pub async fn changes_arrive(url: &str, backend: Backend) {
    let here = TestApp::at(url, backend, cached).await;
    let there = TestApp::at(url, backend, cached).await;
    let ada = here.member("ada").await;
    let post = ada.publish("0").await;
    let reader = Client::new(there.address, None, 0);
    let arrives = async |title: &str| {
        let since = Instant::now();
        for path in [post.url(), "/posts"] {
            eventually("the other node shows the change", async || {
                let reply = reader.get(path).await.expect_status(200);
                let row = reply.body["data"].get(0).unwrap_or(&reply.body);
                (row["title"] == title).then_some(())
            })
            .await;
        }
        assert!(since.elapsed() < BOUND, "{:?}", since.elapsed());
    };

    for change in 1..=3 {
        is_cached(&there, &reader, post.url()).await;
        is_cached(&there, &reader, "/posts").await;
        let title = change.to_string();
        ada.patch(post.url(), json!({ "title": title }))
            .await
            .expect_status(200);
        let own = here.anonymous().get(post.url()).await;
        assert_eq!(own.body["title"], title);
        arrives(&title).await;
    }

    is_cached(&there, &reader, post.url()).await;
    let sql = Sql::open(url).await;
    sql.run("UPDATE posts SET title = 'by hand' WHERE deleted_at IS NULL")
        .await;
    arrives("by hand").await;
    sql.close().await;
}
