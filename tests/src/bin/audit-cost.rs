//! What the audit costs those who write: the same writes with it and without, in turns, on a SQLite file and on PostgreSQL.
//!
//! `cargo run --release -p tests --bin audit-cost` takes a few minutes. `TEST_DATABASE_URL` names a PostgreSQL server with
//! the durability that counts; the throw-away one that is used otherwise does not wait for its disk.
#![expect(clippy::unwrap_used, reason = "a bench fails by panicking")]

use std::{
    io::{Write, stdout},
    time::{Duration, Instant},
};

use futures_util::future::join_all;
use kernel::{Actor, CrudOperations, Kernel, audit};
use service::{
    Posts,
    posts::{NewPost, PostPatch},
};
use tests::{
    Backend, Service,
    postgres::{Server, with_database},
    service::draft,
};
use tokio::time::interval;

const WRITERS: usize = 16;
/// Posts that a writer creates, changes and deletes in one round: three writes each.
const POSTS: usize = 40;
/// Pairs of rounds, one with the audit and one without; the first is to warm up.
const PAIRS: usize = 16;

#[actix_web::main]
async fn main() {
    let (url, _folder) = Backend::File.fresh().await;
    compare("SQLite, a file", &url).await;
    let Some(server) = Server::find().await else {
        return say(
            "PostgreSQL: not measured, because it is not installed and TEST_DATABASE_URL is not set",
        );
    };
    compare("PostgreSQL", &with_database(&server.url, &server.template)).await;
    server.clean().await;
}

async fn compare(what: &str, url: &str) {
    let service = Service::at(url, |settings| {
        settings.max_connections = u32::try_from(WRITERS).unwrap();
    });
    let service = service.await;
    let author = service.user("ada").await;
    let with = service.kernel.clone();
    let mut without = with.clone();
    without.audit.is_kept = false;
    let (mut kept, mut left_out, mut costs) = (Vec::new(), Vec::new(), Vec::new());
    for pair in 0..=PAIRS {
        // Now one is first, now the other.
        let (with, without) = if pair % 2 == 0 {
            let with = round(&with, author).await;
            (with, round(&without, author).await)
        } else {
            let without = round(&without, author).await;
            (round(&with, author).await, without)
        };
        if pair > 0 {
            kept.push(rate(with));
            left_out.push(rate(without));
            costs.push((with.as_secs_f64() / without.as_secs_f64() - 1.0) * 100.0);
        }
    }
    say(&format!("{what}: {WRITERS} writers, {PAIRS} pairs"));
    say(&format!("  without, writes/s  {}", spread(left_out)));
    say(&format!("  with, writes/s     {}", spread(kept)));
    say(&format!("  time it adds, %    {}", spread(costs)));
    service.kernel.database.close().await.unwrap();
}

/// As in a server, entries are sealed beside the writes; here until all of them are.
async fn round(kernel: &Kernel, author: i64) -> Duration {
    let start = Instant::now();
    let writers = async {
        join_all((0..WRITERS).map(|writer| write(kernel, author, writer))).await;
    };
    let sealer = async {
        let mut clock = interval(kernel.audit.seal_interval);
        loop {
            clock.tick().await;
            audit::seal(kernel).await.unwrap();
        }
    };
    tokio::select! {
        () = writers => {}
        () = sealer => {}
    }
    audit::seal(kernel).await.unwrap();
    start.elapsed()
}

async fn write(kernel: &Kernel, author: i64, writer: usize) {
    let session = kernel.session(Actor::System);
    for number in 0..POSTS {
        let new = NewPost {
            content: "All work and no play makes a dull post. ".repeat(25),
            ..draft(author, &format!("Post {writer} {number}"))
        };
        let post = session.write(async |tx| Posts::create(tx, &new).await);
        let post = post.await.unwrap().id;
        let patch = PostPatch {
            title: Some(format!("Post {writer} {number}, again")),
            ..PostPatch::default()
        };
        let change = session.write(async |tx| Posts::update(tx, post, &patch).await);
        change.await.unwrap();
        let delete = session.write(async |tx| Posts::delete(tx, post).await);
        delete.await.unwrap();
    }
}

fn rate(took: Duration) -> f64 {
    let writes = u32::try_from(WRITERS * POSTS * 3).unwrap();
    f64::from(writes) / took.as_secs_f64()
}

/// The median, and between what half of them and all of them are.
fn spread(mut values: Vec<f64>) -> String {
    values.sort_by(f64::total_cmp);
    let at = |quarter: usize| values[quarter * (values.len() - 1) / 4];
    format!(
        "median {:.1}, half of them {:.1} to {:.1}, all {:.1} to {:.1}",
        at(2),
        at(1),
        at(3),
        at(0),
        at(4)
    )
}

fn say(line: &str) {
    let mut out = stdout();
    writeln!(out, "{line}").unwrap();
}
