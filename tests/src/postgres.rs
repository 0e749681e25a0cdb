//! PostgreSQL for a run: the server that `TEST_DATABASE_URL` names, or a temporary one from installed binaries.
use std::{env, io::Write};

use migration::MIGRATOR;
use sqlx::{Connection, Executor, PgConnection, Row};

use crate::process::eventually;
pub use crate::throw_away::ThrowAway;

/// The variable that names a server to use instead of a temporary one. Its user must be allowed to create databases and roles.
pub const GIVEN: &str = "TEST_DATABASE_URL";
/// The variables with which the run that starts a server passes it to the nested run.
pub const SERVER: &str = "ATOLL_TEST_SERVER";
pub const TEMPLATE: &str = "ATOLL_TEST_TEMPLATE";

/// Tells whether a temporary server can be started.
pub fn is_installed() -> bool {
    crate::throw_away::binaries().is_some()
}

/// A server with a migrated template database.
pub struct Server {
    pub url: String,
    pub template: String,
    /// The temporary server, which ends with the run, however that ends.
    _throw_away: Option<ThrowAway>,
}

impl Server {
    /// Returns `None` if no server is named and the binaries of one are not installed.
    pub async fn find() -> Option<Self> {
        let (url, throw_away) = if let Ok(url) = env::var(GIVEN) {
            (url, None)
        } else {
            let server = ThrowAway::start(crate::folder())?;
            (server.url.clone(), Some(server))
        };
        let template = format!("atoll_test_{}", std::process::id());
        let mut connection = connect(&url).await;
        let create = format!("CREATE DATABASE {template}");
        connection
            .execute(sqlx::AssertSqlSafe(create))
            .await
            .unwrap();
        connection.close().await.unwrap();
        let settings = crate::settings(&with_database(&url, &template));
        let database = kernel::Database::connect(&settings, None).await.unwrap();
        database.migrations(MIGRATOR).up(None).await.unwrap();
        database.close().await.unwrap();
        Some(Self {
            url,
            template,
            _throw_away: throw_away,
        })
    }

    /// Removes the databases and roles of this run from a named server.
    pub async fn clean(self) {
        if env::var(GIVEN).is_err() {
            return;
        }
        let mut connection = connect(&self.url).await;
        // Roles last: they have rights in the databases.
        let ours = [
            (
                "SELECT datname FROM pg_database WHERE datname",
                "DROP DATABASE IF EXISTS",
                "WITH (FORCE)",
            ),
            (
                "SELECT rolname FROM pg_roles WHERE rolname",
                "DROP ROLE",
                "",
            ),
        ];
        for (select, drop, how) in ours {
            let select = format!("{select} LIKE $1 || '%'");
            let rows = sqlx::query(sqlx::AssertSqlSafe(select)).bind(&self.template);
            for row in rows.fetch_all(&mut connection).await.unwrap() {
                let name: String = row.get(0);
                let drop = format!("{drop} {name} {how}");
                connection.execute(sqlx::AssertSqlSafe(drop)).await.unwrap();
            }
        }
    }
}

/// Creates a role that may only sign in, named after its database. Returns its name and its URL of that database.
pub async fn new_role(url: &str, what: &str) -> (String, String) {
    let (server, database) = url.rsplit_once('/').unwrap();
    let (database, query) = database.split_once('?').unwrap_or((database, ""));
    let role = format!("{database}_{what}");
    let create = format!("CREATE ROLE {role} LOGIN PASSWORD '{role}'");
    let mut connection = connect(url).await;
    connection
        .execute(sqlx::AssertSqlSafe(create))
        .await
        .unwrap();
    connection.close().await.unwrap();
    let (_, host) = server.rsplit_once('@').unwrap();
    let url = format!("postgres://{role}:{role}@{host}/{database}?{query}");
    (role, url)
}

pub fn with_database(server: &str, name: &str) -> String {
    let (rest, query) = server
        .split_once('?')
        .map_or((server, String::new()), |(rest, query)| {
            (rest, format!("?{query}"))
        });
    let scheme = rest.find("://").map_or(0, |at| at + 3);
    let host = rest[scheme..]
        .find('/')
        .map_or(rest, |at| &rest[..scheme + at]);
    format!("{host}/{name}{query}")
}

/// Connects, as soon as the server accepts connections.
pub async fn connect(url: &str) -> PgConnection {
    eventually("the PostgreSQL server accepts connections", async || {
        PgConnection::connect(url).await.ok()
    })
    .await
}

/// Prints one line that no test runner hides.
pub fn say(line: &str) {
    let _ = writeln!(std::io::stderr(), "{line}");
}
