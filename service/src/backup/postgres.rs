//! Dumps of PostgreSQL databases by `pg_dump`, and databases restored from them by `pg_restore`.
use std::{
    path::{Path, PathBuf},
    str::FromStr,
    time::Duration,
};

use kernel::{database::Settings, files};
use sea_orm::{
    AccessMode, ConnectOptions, ConnectionTrait, DatabaseConnection, DatabaseTransaction,
    DbBackend, IsolationLevel, Statement, TransactionTrait,
};
use secrecy::ExposeSecret;
use sqlx::postgres::PgConnectOptions;
use tokio::time::timeout;
use url::Url;

use super::{Result, at, facts::Facts, refused, tool};

pub const FILE: &str = "database.dump";

/// The databases that every server has, for statements about other databases.
const MAINTENANCE: [&str; 2] = ["postgres", "template1"];

/// A server must end a transaction and a connection within this time. One that has vanished answers nothing.
const GOODBYE: Duration = Duration::from_secs(10);

/// A database on a server.
#[derive(Debug, Clone)]
pub struct Target {
    url: Url,
    pub name: String,
}

impl Target {
    pub fn new(settings: &Settings) -> Result<Self> {
        let url = settings.url.expose_secret();
        // The error could show the password.
        let invalid = |_| refused("database.url is not a URL with one host");
        let options = PgConnectOptions::from_str(url).map_err(|_| {
            refused("database.url is not a URL with one host, as a backup needs it")
        })?;
        let name = options
            .get_database()
            .unwrap_or(options.get_username())
            .to_owned();
        Ok(Self {
            url: Url::parse(url).map_err(invalid)?,
            name,
        })
    }

    /// Returns another database on the same server.
    pub fn sibling(&self, name: &str) -> Self {
        let mut url = self.url.clone();
        url.set_path(&format!("/{name}"));
        Self {
            url,
            name: name.to_owned(),
        }
    }

    /// Returns the settings of a database with long deadlines.
    pub fn settings(&self) -> Settings {
        let mut settings = Settings::new(self.url.as_str());
        settings.max_connections = 2;
        settings.extend_deadlines();
        settings
    }

    /// Connects to another database of the server, for statements about this one.
    async fn admin(&self) -> Result<DatabaseConnection> {
        let others = MAINTENANCE.into_iter().find(|name| *name != self.name);
        self.sibling(others.unwrap_or_default()).connect().await
    }

    pub async fn connect(&self) -> Result<DatabaseConnection> {
        let mut options = ConnectOptions::new(self.url.as_str());
        options.max_connections(1).sqlx_logging(false);
        Ok(Box::pin(sea_orm::Database::connect(options)).await?)
    }

    /// Returns the variables from which the programs of PostgreSQL take the server. Arguments would show the password to others.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let mut all = vec![("PGDATABASE", self.name.clone())];
        let decoded = |text: &str| {
            let pairs = format!("x={}", text.replace('+', "%2B"));
            let url = Url::parse(&format!("x:?{pairs}")).ok();
            url.and_then(|url| {
                url.query_pairs()
                    .next()
                    .map(|(_, value)| value.into_owned())
            })
            .unwrap_or_default()
        };
        if let Some(host) = self.url.host_str().filter(|host| !host.is_empty()) {
            all.push(("PGHOST", decoded(host.trim_matches(['[', ']']))));
        }
        if let Some(port) = self.url.port() {
            all.push(("PGPORT", port.to_string()));
        }
        if !self.url.username().is_empty() {
            all.push(("PGUSER", decoded(self.url.username())));
        }
        if let Some(password) = self.url.password() {
            all.push(("PGPASSWORD", decoded(password)));
        }
        for (name, value) in self.url.query_pairs() {
            let variable = match &*name {
                "host" => "PGHOST",
                "port" => "PGPORT",
                "user" => "PGUSER",
                "password" => "PGPASSWORD",
                "sslmode" | "ssl-mode" => "PGSSLMODE",
                "sslrootcert" | "ssl-root-cert" | "ssl-ca" => "PGSSLROOTCERT",
                "sslcert" | "ssl-cert" => "PGSSLCERT",
                "sslkey" | "ssl-key" => "PGSSLKEY",
                _ => continue,
            };
            all.push((variable, value.into_owned()));
        }
        all
    }
}

/// Finds a program of the same major version as the server.
async fn program(name: &str, server_version: &str, limit: Duration) -> Result<PathBuf> {
    let major = major(server_version);
    let packaged = PathBuf::from(format!("/usr/lib/postgresql/{major}/bin"));
    let found = tool::find(name, std::slice::from_ref(&packaged));
    let in_package = Some(packaged.join(name)).filter(|file| file.is_file());
    for program in found.into_iter().chain(in_package) {
        let version = tool::run(&program, ["--version"], &[], limit).await?;
        let version = version
            .split_whitespace()
            .find(|word| word.starts_with(|first: char| first.is_ascii_digit()));
        if version.is_some_and(|version| self::major(version) == major) {
            return Ok(program);
        }
    }
    Err(refused(format!(
        "{name} of PostgreSQL {major} is not installed: `apt-get install postgresql-client-{major}`"
    )))
}

fn major(version: &str) -> &str {
    version.split(['.', ' ']).next().unwrap_or(version)
}

/// Dumps one moment of a database, while servers may write to it.
pub async fn dump(settings: &Settings, into: &Path, limit: Duration) -> Result<Facts> {
    let target = Target::new(settings)?;
    let db = target.connect().await?;
    // The counts and the dump see the same snapshot, which lives as long as this transaction.
    let (level, mode) = (IsolationLevel::RepeatableRead, AccessMode::ReadOnly);
    let moment = db.begin_with_config(Some(level), Some(mode)).await?;
    let facts = Facts::read(&moment).await?;
    let export = Statement::from_string(
        DbBackend::Postgres,
        "SELECT pg_export_snapshot() AS snapshot",
    );
    let row = moment.query_one_raw(export).await?;
    let row = row.ok_or_else(|| refused("PostgreSQL exported no snapshot"))?;
    let snapshot: String = row.try_get("", "snapshot")?;
    files::make_file(into).map_err(at(into))?;
    let pg_dump = program("pg_dump", &facts.server_version, limit).await?;
    let snapshot = format!("--snapshot={snapshot}");
    let file = format!("--file={}", into.display());
    let arguments = [
        "--format=custom",
        "--no-owner",
        "--no-privileges",
        "--no-password",
        &snapshot,
        &file,
    ];
    let dumped = tool::run(&pg_dump, arguments, &target.variables(), limit).await;
    let ended = end(moment, db).await;
    dumped?;
    ended?;
    Ok(facts)
}

/// Ends a transaction that wrote nothing, and its connection.
async fn end(tx: DatabaseTransaction, db: DatabaseConnection) -> Result<()> {
    let ended = timeout(GOODBYE, async {
        tx.rollback().await?;
        db.close().await
    });
    let late = |_late| {
        refused("the database server does not answer any more: see whether it runs, and try again")
    };
    Ok(ended.await.map_err(late)??)
}

/// Creates a database and restores a dump into it. The database is dropped if that fails.
pub async fn restore(target: &Target, name: &str, dump: &Path, limit: Duration) -> Result<Target> {
    let admin = target.admin().await?;
    let version = Statement::from_string(
        DbBackend::Postgres,
        "SELECT current_setting('server_version') AS version",
    );
    let version = admin.query_one_raw(version).await?;
    let version: String = match version {
        Some(row) => row.try_get("", "version")?,
        None => String::new(),
    };
    let pg_restore = program("pg_restore", &version, limit).await?;
    let create = format!("CREATE DATABASE {} TEMPLATE template0", quoted(name));
    let created = admin.execute_unprepared(&create).await;
    admin.close().await?;
    created.map_err(|error| {
        refused(format!(
            "a database for the restore cannot be created; the role needs CREATEDB: {error}"
        ))
    })?;
    let restored = target.sibling(name);
    let into = format!("--dbname={name}");
    let file = dump.display().to_string();
    let arguments = [
        "--no-owner",
        "--no-privileges",
        "--no-password",
        "--exit-on-error",
        &into,
        &file,
    ];
    let done = tool::run(&pg_restore, arguments, &restored.variables(), limit).await;
    if let Err(error) = done {
        return Err(match drop_database(target, name).await {
            Ok(()) => error,
            Err(left) => refused(format!(
                "{error}; the database {name} is left, because it could not be dropped: {left}"
            )),
        });
    }
    Ok(restored)
}

/// Drops a database that was restored, even if the server still works for a program that was stopped.
pub async fn drop_database(target: &Target, name: &str) -> Result<()> {
    let admin = target.admin().await?;
    let drop = format!("DROP DATABASE IF EXISTS {} WITH (FORCE)", quoted(name));
    let dropped = admin.execute_unprepared(&drop).await;
    admin.close().await?;
    dropped?;
    Ok(())
}

/// Returns true if the server has a database with this name. Fails if anybody uses it.
pub async fn require_unused(target: &Target) -> Result<bool> {
    let admin = target.admin().await?;
    let find = "SELECT (SELECT count(*) FROM pg_database WHERE datname = $1) AS databases, \
        (SELECT count(*) FROM pg_stat_activity WHERE datname = $1 AND backend_type = 'client backend') AS users";
    let find =
        Statement::from_sql_and_values(DbBackend::Postgres, find, [target.name.as_str().into()]);
    let row = admin.query_one_raw(find).await?;
    admin.close().await?;
    let row = row.ok_or_else(|| refused("PostgreSQL answered nothing"))?;
    let (databases, users): (i64, i64) = (row.try_get("", "databases")?, row.try_get("", "users")?);
    if users > 0 {
        return Err(refused(format!(
            "the database {} is in use by {users} connections: stop all servers and everything else that uses it",
            target.name
        )));
    }
    Ok(databases > 0)
}

/// Gives the restored database its name, and the one that has it another.
pub async fn swap(restored: &str, target: &Target, kept: Option<&str>) -> Result<()> {
    let admin = target.admin().await?;
    let rename =
        |from: &str, to: &str| format!("ALTER DATABASE {} RENAME TO {}", quoted(from), quoted(to));
    if let Some(kept) = kept {
        admin
            .execute_unprepared(&rename(&target.name, kept))
            .await?;
    }
    let renamed = admin
        .execute_unprepared(&rename(restored, &target.name))
        .await;
    if let (Err(_), Some(kept)) = (&renamed, kept) {
        admin
            .execute_unprepared(&rename(kept, &target.name))
            .await?;
    }
    admin.close().await?;
    renamed?;
    Ok(())
}

/// An advisory lock, held by a transaction of its own until it is released or the process ends.
pub struct Lock(DatabaseConnection, DatabaseTransaction);

impl Lock {
    pub async fn release(self) -> Result<()> {
        end(self.1, self.0).await
    }
}

/// Returns `None` while another process has the lock. A transaction holds it, because poolers share connections between
/// transactions; between its statements it holds back no vacuum.
pub async fn try_lock(target: &Target, id: i64) -> Result<Option<Lock>> {
    let db = target.connect().await?;
    let tx = db.begin().await?;
    tx.execute_unprepared("SET LOCAL idle_in_transaction_session_timeout = 0")
        .await?;
    let lock = "SELECT pg_try_advisory_xact_lock($1) AS locked";
    let lock = Statement::from_sql_and_values(DbBackend::Postgres, lock, [id.into()]);
    let row = tx.query_one_raw(lock).await?;
    let locked = row.map(|row| row.try_get("", "locked")).transpose()?;
    let lock = Lock(db, tx);
    if locked == Some(true) {
        return Ok(Some(lock));
    }
    lock.release().await?;
    Ok(None)
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables(url: &str) -> Vec<(&'static str, String)> {
        Target::new(&Settings::new(url)).unwrap().variables()
    }

    #[test]
    fn a_url_becomes_variables_with_decoded_values() {
        let found = variables(
            "postgres://ad%40a:p%20a%2Bss@db.example.org:5433/books?sslmode=verify-full&sslrootcert=/ca.pem",
        );

        for expected in [
            ("PGHOST", "db.example.org"),
            ("PGPORT", "5433"),
            ("PGUSER", "ad@a"),
            ("PGPASSWORD", "p a+ss"),
            ("PGDATABASE", "books"),
            ("PGSSLMODE", "verify-full"),
            ("PGSSLROOTCERT", "/ca.pem"),
        ] {
            let expected = (expected.0, expected.1.to_owned());
            assert!(found.contains(&expected), "{expected:?} in {found:?}");
        }
    }

    #[test]
    fn a_version_begins_with_its_major_version() {
        assert_eq!(major("15.13 (Debian 15.13-0+deb12u1)"), "15");
    }
}
