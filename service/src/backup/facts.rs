//! Counts what a database holds.
use std::collections::BTreeMap;

use kernel::audit::Receipt;
use sea_orm::{ConnectionTrait, DbBackend, QueryResult, Statement};

use super::Result;

const TABLES_OF_SQLITE: &str =
    "SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT LIKE 'sqlite_%' ORDER BY 1";
const TABLES_OF_POSTGRES: &str = "SELECT table_name::text AS name FROM information_schema.tables \
    WHERE table_schema = current_schema() AND table_type = 'BASE TABLE' ORDER BY 1";

/// What a backup must have again after it is restored.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Facts {
    pub database: String,
    pub server_version: String,
    pub migrations: Vec<String>,
    pub rows: BTreeMap<String, i64>,
    pub audit_receipt: String,
}

impl Facts {
    /// Reads them through one connection, so that a transaction sees one moment.
    pub async fn read(db: &impl ConnectionTrait) -> Result<Self> {
        let is_sqlite = db.get_database_backend() == DbBackend::Sqlite;
        let (tables, version) = if is_sqlite {
            (TABLES_OF_SQLITE, "SELECT sqlite_version() AS version")
        } else {
            (
                TABLES_OF_POSTGRES,
                "SELECT current_setting('server_version') AS version",
            )
        };
        let mut rows = BTreeMap::new();
        for table in all(db, tables).await? {
            let name: String = table.try_get("", "name")?;
            let quoted = name.replace('"', "\"\"");
            let count = format!("SELECT count(*) AS rows FROM \"{quoted}\"");
            let count = all(db, &count).await?;
            let count = count.first().map(|row| row.try_get("", "rows"));
            rows.insert(name, count.transpose()?.unwrap_or_default());
        }
        let versions = all(db, "SELECT version FROM seaql_migrations ORDER BY version").await?;
        let migrations = versions.iter().map(|row| row.try_get("", "version"));
        let migrations = migrations.collect::<std::result::Result<_, _>>()?;
        let last = "SELECT last_seq, mac FROM audit_blocks ORDER BY number DESC LIMIT 1";
        let receipt = match all(db, last).await?.first() {
            Some(row) => Receipt {
                seq: row.try_get("", "last_seq")?,
                mac: row.try_get("", "mac")?,
            },
            None => Receipt::default(),
        };
        let version = all(db, version).await?;
        let version = version.first().map(|row| row.try_get("", "version"));
        Ok(Self {
            database: if is_sqlite { "sqlite" } else { "postgres" }.to_owned(),
            server_version: version.transpose()?.unwrap_or_default(),
            migrations,
            rows,
            audit_receipt: receipt.to_string(),
        })
    }

    /// Describes how another database differs from this one.
    pub fn differences(&self, other: &Self) -> Vec<String> {
        let mut found = Vec::new();
        let names = self.rows.keys().chain(other.rows.keys());
        let names: std::collections::BTreeSet<_> = names.collect();
        for name in names {
            let (expected, there) = (self.rows.get(name), other.rows.get(name));
            if expected != there {
                let text = |count: Option<&i64>| {
                    count.map_or_else(|| "no table".to_owned(), |count| format!("{count} rows"))
                };
                found.push(format!(
                    "{name}: {} instead of {}",
                    text(there),
                    text(expected)
                ));
            }
        }
        if self.migrations != other.migrations {
            found.push("other migrations are applied".to_owned());
        }
        if self.audit_receipt != other.audit_receipt {
            found.push("the audit log ends elsewhere".to_owned());
        }
        found
    }
}

async fn all(db: &impl ConnectionTrait, sql: &str) -> Result<Vec<QueryResult>> {
    let statement = Statement::from_string(db.get_database_backend(), sql);
    Ok(db.query_all_raw(statement).await?)
}
