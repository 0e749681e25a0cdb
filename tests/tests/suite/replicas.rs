//! Reads from streaming replicas, in which each caller sees their own writes (contract §15).
mod on_postgres;

use kernel::Cache;
use migration::MIGRATOR;
use reqwest::Method;
use tests::{
    Backend, Client, Reply, Sql, TestApp,
    postgres::{ThrowAway, connect, say},
    process::eventually,
};

/// The header with the position of a write.
const POSITION: &str = "write-position";

/// A primary and a replica of it, which a test pauses, freezes or stops.
struct Cluster {
    at_replica: Sql,
    /// It ends before its primary, which would wait for it.
    replica: ThrowAway,
    primary: ThrowAway,
}

impl Cluster {
    /// Returns `None` if the binaries of a server are not installed.
    async fn start() -> Option<Self> {
        let Some(primary) = ThrowAway::start(tests::folder()) else {
            say("NOT RUN: this test needs a PostgreSQL server of its own and a replica of it");
            return None;
        };
        drop(connect(&primary.url).await);
        let settings = tests::settings(&primary.url);
        let database = kernel::Database::connect(&settings, None).await.unwrap();
        database.migrations(MIGRATOR).up(None).await.unwrap();
        database.close().await.unwrap();
        let replica = primary.replica(tests::folder());
        drop(connect(&replica.url).await);
        Some(Self {
            at_replica: Sql::open(&replica.url).await,
            primary,
            replica,
        })
    }

    /// Starts a node, and waits until it uses the replica.
    async fn node(
        &self,
        has_cache: bool,
        database: fn(&mut kernel::database::Settings),
    ) -> TestApp {
        let app = TestApp::at(&self.primary.url, Backend::Postgres, |with| {
            with.replicas = vec![self.replica.url.as_str().into()];
            with.database = database;
            if has_cache {
                with.service.cache =
                    Cache::start(&kernel::cache::Settings::default(), None).unwrap();
            }
        })
        .await;
        is_used(&app).await;
        app
    }

    /// Stops the replay of the log. The replica goes on to answer, with old rows.
    async fn pause(&self) {
        self.at_replica.run("SELECT pg_wal_replay_pause()").await;
        eventually("the replay is paused", async || {
            let state = "SELECT pg_get_wal_replay_pause_state()::text";
            let state = self.at_replica.texts(state).await;
            (state == ["paused"]).then_some(())
        })
        .await;
    }

    async fn resume(&self) {
        self.at_replica.run("SELECT pg_wal_replay_resume()").await;
    }
}

/// Lets a replica lag for as long as any test lasts.
fn patient(database: &mut kernel::database::Settings) {
    database.replica_max_lag = std::time::Duration::from_hours(1);
}

async fn states(app: &TestApp) -> Vec<kernel::database::ReplicaState> {
    let database = &app.kernel.database;
    database.replica_states(std::time::Duration::ZERO).await
}

async fn is_used(app: &TestApp) {
    eventually("the replica is used", async || {
        states(app).await.iter().all(|it| it.is_used).then_some(())
    })
    .await;
}

async fn is_unused(app: &TestApp) {
    eventually("the replica is not used", async || {
        (!states(app).await.iter().any(|it| it.is_used)).then_some(())
    })
    .await;
}

/// Returns the same caller on another node.
fn on(app: &TestApp, client: &Client) -> Client {
    Client::new(app.address, Some(client.token().to_owned()), client.id)
}

async fn title(client: &Client, path: &str) -> String {
    title_of(client.get(path).await)
}

/// Returns the title in an answer, which is empty if the server does not have the row yet.
fn title_of(reply: Reply) -> String {
    if reply.status == 404 {
        return String::new();
    }
    let reply = reply.expect_status(200);
    reply.body["title"].as_str().unwrap().to_owned()
}

async fn title_with(client: &Client, path: &str, headers: &[(&str, &str)]) -> String {
    let mut request = client.request(Method::GET, path);
    for (name, value) in headers {
        request = request.header(*name, *value);
    }
    title_of(Reply::send(request).await)
}

/// Waits until an anonymous caller reads this title.
async fn becomes(client: &Client, path: &str, expected: &str) {
    eventually(expected, async || {
        (title(client, path).await == expected).then_some(())
    })
    .await;
}
