//! What an operator should know about a database: its indexes, and the limits and the encryption of its server.
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Database;
use crate::Result;

/// An index as the database describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Index {
    pub table: String,
    pub name: String,
    /// The statement that creates it.
    pub definition: String,
}

impl Index {
    /// Returns the first column.
    pub fn first_column(&self) -> Option<&str> {
        let (_, columns) = self.definition.split_once('(')?;
        let first = columns.split([',', ')', ' ']).next()?;
        Some(first.trim_matches('"'))
    }

    /// Returns true if the index has a row only if this column has a value.
    pub fn needs(&self, column: &str) -> bool {
        let plain = self.definition.replace('"', "");
        plain.contains(&format!("{column} IS NOT NULL"))
    }
}

/// The state of a PostgreSQL server, as a connection of this process sees it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct ServerState {
    pub version: String,
    pub max_connections: i64,
    /// The connections that only superusers of PostgreSQL may use.
    pub reserved_connections: i64,
    pub is_encrypted: bool,
    /// Whether the server is on this machine.
    pub is_local: bool,
}

const INDEXES_ON_POSTGRES: &str = "SELECT tablename::text AS table_name, indexname::text AS name, indexdef AS definition \
    FROM pg_indexes WHERE schemaname = current_schema()";
const INDEXES_ON_SQLITE: &str = "SELECT tbl_name AS table_name, name, sql AS definition FROM sqlite_schema \
    WHERE type = 'index' AND sql IS NOT NULL";

const SERVER: &str = "SELECT current_setting('server_version') AS version, \
    current_setting('max_connections')::bigint AS max_connections, \
    current_setting('superuser_reserved_connections')::bigint AS reserved, \
    COALESCE((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false) AS is_encrypted, \
    COALESCE(host(inet_server_addr()) IN ('127.0.0.1', '::1'), true) AS is_local";

impl Database {
    /// Reads all indexes that a statement has made.
    pub async fn indexes(&self) -> Result<Vec<Index>> {
        let (backend, sql) = if self.is_sqlite() {
            (DbBackend::Sqlite, INDEXES_ON_SQLITE)
        } else {
            (DbBackend::Postgres, INDEXES_ON_POSTGRES)
        };
        let rows = self
            .reader()
            .query_all_raw(Statement::from_string(backend, sql))
            .await?;
        let indexes = rows.iter().map(|row| {
            Ok(Index {
                table: row.try_get("", "table_name")?,
                name: row.try_get("", "name")?,
                definition: row.try_get("", "definition")?,
            })
        });
        indexes.collect()
    }

    /// Reads the state of a PostgreSQL server; SQLite has none.
    pub async fn server(&self) -> Result<Option<ServerState>> {
        if self.is_sqlite() {
            return Ok(None);
        }
        let state = Statement::from_string(DbBackend::Postgres, SERVER);
        let Some(row) = self.reader().query_one_raw(state).await? else {
            return Ok(None);
        };
        Ok(Some(ServerState {
            version: row.try_get("", "version")?,
            max_connections: row.try_get("", "max_connections")?,
            reserved_connections: row.try_get("", "reserved")?,
            is_encrypted: row.try_get("", "is_encrypted")?,
            is_local: row.try_get("", "is_local")?,
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn index(definition: &str) -> Index {
        Index {
            table: "books".to_owned(),
            name: "books_index".to_owned(),
            definition: definition.to_owned(),
        }
    }

    #[test]
    fn the_first_column_and_the_condition_are_read_on_both_databases() {
        let postgres = index(
            "CREATE INDEX a ON public.books USING btree (created_at DESC, id) WHERE (deleted_at IS NOT NULL)",
        );
        let sqlite = index(
            r#"CREATE INDEX "a" ON "books" ("created_at", "id") WHERE "deleted_at" IS NOT NULL"#,
        );

        for index in [postgres, sqlite] {
            assert_eq!(index.first_column(), Some("created_at"));
            assert!(index.needs("deleted_at") && !index.needs("created_at"));
        }
    }
}
