//! After `kill -9` at any moment, acknowledged writes are there, and no write is there in part.
mod on_file;
mod on_postgres;

use std::{
    cell::{Cell, RefCell},
    net::SocketAddr,
};

use futures_util::future::join_all;
use reqwest::Method;
use serde_json::Value;
use tests::{
    Client, PASSWORD, Sql, json,
    process::{Process, Program, eventually},
    scaled,
};

/// The kills of the server, and the writes that it acknowledges before each.
const KILLS: usize = 5;
const WRITES: usize = 60;
const WRITERS: usize = 16;

/// The present address of the server, the client, and what the server has acknowledged.
struct Ledger {
    address: Cell<SocketAddr>,
    token: String,
    /// Titles of posts that the server has acknowledged.
    kept: RefCell<Vec<String>>,
    /// Titles of posts that were sent under an idempotency key until the server acknowledged them.
    once: RefCell<Vec<String>>,
    /// Paths whose deletion the server has acknowledged.
    deleted: RefCell<Vec<String>>,
    /// Names of users that the server has acknowledged.
    users: RefCell<Vec<String>>,
    is_over: Cell<bool>,
}

impl Ledger {
    fn client(&self) -> Client {
        Client::new(self.address.get(), Some(self.token.clone()), 0)
    }

    fn len(&self) -> usize {
        let said = [&self.kept, &self.once, &self.deleted, &self.users];
        said.iter().map(|said| said.borrow().len()).sum()
    }

    /// Returns `None` if there is no answer: then the request may have been done or not.
    async fn send(&self, method: Method, path: &str, body: Option<Value>) -> Option<(u16, Value)> {
        let request = self.client().request(method, path);
        let request = match body {
            Some(body) => request.json(&body),
            None => request,
        };
        let answer = request.send().await.ok()?;
        let status = answer.status().as_u16();
        let expected = matches!(status, 201 | 204 | 503);
        let text = answer.text().await.ok()?;
        assert!(expected, "{path}: {status} {text}");
        Some((status, serde_json::from_str(&text).unwrap_or_default()))
    }

    /// Publishes a post.
    async fn write(&self, title: &str) -> Option<Value> {
        let post = json!({ "title": title, "content": "…", "status": "published" });
        let (status, post) = self.send(Method::POST, "/posts", Some(post)).await?;
        (status == 201).then(|| self.kept.borrow_mut().push(title.to_owned()))?;
        Some(post)
    }

    /// Publishes a post under an idempotency key, and retries until it is acknowledged.
    async fn write_once(&self, title: &str) {
        let post = json!({ "title": title, "content": "…", "status": "published" });
        eventually("a post is acknowledged", async || {
            let request = self.client().request(Method::POST, "/posts");
            let request = request.header("Idempotency-Key", title).json(&post);
            match request.send().await.ok()?.status().as_u16() {
                201 => Some(()),
                409 | 503 => None,
                status => panic!("{title}: {status}"),
            }
        })
        .await;
        self.once.borrow_mut().push(title.to_owned());
    }

    /// Publishes a post with three comments, and deletes it.
    async fn write_and_delete(&self, title: &str) -> Option<()> {
        let id = self.write(title).await?["id"].as_i64()?;
        for _ in 0..3 {
            let comment = json!({ "body": "…" });
            self.send(
                Method::POST,
                &format!("/posts/{id}/comments"),
                Some(comment),
            )
            .await?;
        }
        let path = format!("/posts/{id}");
        let (status, _) = self.send(Method::DELETE, &path, None).await?;
        (status == 204).then(|| self.deleted.borrow_mut().push(path))
    }

    /// Registers a user, who gets a role in the same transaction.
    async fn register(&self, name: &str) -> Option<()> {
        let user = json!({ "username": name, "email": format!("{name}@example.org"), "password": PASSWORD });
        let (status, _) = self
            .send(Method::POST, "/auth/register", Some(user))
            .await?;
        (status == 201).then(|| self.users.borrow_mut().push(name.to_owned()))
    }

    async fn writer(&self, writer: usize) {
        for number in 0.. {
            if self.is_over.get() {
                return;
            }
            let name = format!("{writer}-{number}");
            if writer >= WRITERS / 2 {
                self.write_once(&format!("once-{name}")).await;
                continue;
            }
            match writer {
                0 => self.register(&format!("user-{name}")).await,
                1..=3 => self.write_and_delete(&name).await,
                _ => self.write(&name).await.map(drop),
            };
        }
    }

    /// Kills the server several times, as soon as it has acknowledged some writes.
    async fn killer(&self, program: &Program, mut server: Process) -> Process {
        for _ in 0..scaled(KILLS) {
            let before = self.len();
            eventually("writes are acknowledged", async || {
                (self.len() >= before + WRITES).then_some(())
            })
            .await;
            server.kill();
            let (next, address) = program.serve().await;
            server = next;
            self.address.set(address);
        }
        self.is_over.set(true);
        server
    }

    async fn check(&self, url: &str) {
        let sql = Sql::open(url).await;
        let posts = sql.texts("SELECT title FROM posts").await;
        let users = sql.texts("SELECT username FROM users").await;
        let live = sql
            .texts("SELECT CAST(id AS TEXT) FROM posts WHERE deleted_at IS NULL")
            .await;
        let lost = |said: &RefCell<Vec<String>>, there: &[String]| {
            let said = said.borrow();
            said.iter()
                .filter(|name| !there.contains(name))
                .cloned()
                .collect::<Vec<_>>()
        };
        assert_eq!(
            lost(&self.kept, &posts),
            Vec::<String>::new(),
            "posts are lost"
        );
        assert_eq!(
            lost(&self.users, &users),
            Vec::<String>::new(),
            "users are lost"
        );
        let mut once = self.once.borrow().clone();
        once.sort_unstable();
        let there = "SELECT title FROM posts WHERE title LIKE 'once-%' ORDER BY title";
        assert_eq!(
            sql.texts(there).await,
            once,
            "posts under a key are lost or exist twice"
        );
        let unrecorded = "SELECT count(*) FROM posts WHERE NOT EXISTS (SELECT 1 FROM audit_entries \
            WHERE resource = 'posts' AND resource_id = posts.id AND action = 'created')";
        assert_eq!(
            sql.number(unrecorded).await,
            0,
            "posts without an audit entry"
        );
        let unwritten = "SELECT count(*) FROM audit_entries WHERE resource = 'posts' AND action = 'created' \
            AND NOT EXISTS (SELECT 1 FROM posts WHERE posts.id = resource_id)";
        assert_eq!(
            sql.number(unwritten).await,
            0,
            "audit entries without a post"
        );
        for path in self.deleted.borrow().iter() {
            let id = path.trim_start_matches("/posts/").to_owned();
            assert!(!live.contains(&id), "{path} is back");
        }
        assert_eq!(sql.inconsistent_deletions().await, Vec::<String>::new());
    }
}

/// Kills the server during writes, and checks them. Returns the number of acknowledged writes.
async fn check_kills(program: Program, url: &str) -> usize {
    let (server, address) = program.serve().await;
    let anyone = Client::new(address, None, 0);
    let ada = json!({ "username": "ada", "email": "ada@example.org", "password": PASSWORD });
    anyone.post("/auth/register", ada).await.expect_status(201);
    let ledger = Ledger {
        address: Cell::new(address),
        token: anyone.login("ada", PASSWORD).await,
        kept: RefCell::default(),
        once: RefCell::default(),
        deleted: RefCell::default(),
        users: RefCell::default(),
        is_over: Cell::new(false),
    };

    let writers = join_all((0..WRITERS).map(|writer| ledger.writer(writer)));
    let ((), _last) = tokio::join!(
        async { drop(writers.await) },
        ledger.killer(&program, server)
    );

    ledger.check(url).await;
    ledger.len()
}
