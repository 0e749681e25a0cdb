//! SQLite has one writer at a time: other writers wait, and none fails because the database is locked.
use kernel::CrudOperations;
use std::cell::Cell;

use futures_util::future::join_all;
use service::Posts;
use tests::{Backend, Service, Sql, TestApp, json, service::draft};

const WRITERS: usize = 16;
const POSTS: usize = 10;

#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn all_of_sixteen_writers_are_served() {
    let app = TestApp::new().await;
    let ada = app.member("ada").await;

    let writer = async |writer: usize| {
        for post in 0..POSTS {
            let post = json!({ "title": format!("{writer} {post}"), "content": "…" });
            ada.post("/posts", post).await.expect_status(201);
        }
    };
    join_all((0..WRITERS).map(writer)).await;

    let posts = Sql::open(&app.url)
        .await
        .number("SELECT count(*) FROM posts")
        .await;
    assert_eq!(posts, i64::try_from(WRITERS * POSTS).unwrap());
}

/// A write that takes the lock only at its first change would have to start again.
#[actix_web::test]
#[ignore = "runs in the suite on SQLite in a file"]
async fn no_write_starts_again_because_another_process_writes() {
    let (url, _folder) = Backend::File.fresh().await;
    let both = [
        Service::at(&url, |_| {}).await,
        Service::at(&url, |_| {}).await,
    ];
    let author = both[0].user("ada").await;
    let tries = Cell::new(0);

    let writer = async |writer: usize| {
        for post in 0..POSTS {
            let post = draft(author, &format!("{writer} {post}"));
            let write = both[writer % 2].session();
            let write = write.write(async |tx| {
                tries.set(tries.get() + 1);
                Posts::create(tx, &post).await
            });
            write.await.unwrap();
        }
    };
    join_all((0..WRITERS).map(writer)).await;

    assert_eq!(tries.get(), WRITERS * POSTS);
}
