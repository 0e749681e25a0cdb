//! The version and the size of the database.
use sea_orm::{ConnectionTrait, DbBackend, Statement};

use super::Database;
use crate::{Error, Result};

const POSTGRES: &str = "SELECT current_setting('server_version') AS version, \
    pg_database_size(current_database()) AS bytes";
const SQLITE: &str = "SELECT sqlite_version() AS version, \
    (SELECT page_count FROM pragma_page_count()) * (SELECT page_size FROM pragma_page_size()) AS bytes";

/// What a database says about itself.
#[derive(Debug)]
pub struct Facts {
    /// `sqlite` or `postgres`.
    pub backend: &'static str,
    /// The version of the server, or of the library.
    pub version: String,
    pub size_bytes: i64,
}

impl Database {
    pub async fn facts(&self) -> Result<Facts> {
        let (backend, name, sql) = if self.is_sqlite() {
            (DbBackend::Sqlite, "sqlite", SQLITE)
        } else {
            (DbBackend::Postgres, "postgres", POSTGRES)
        };
        let asked = Statement::from_string(backend, sql);
        let row = self.reader().query_one_raw(asked).await?;
        let row = row.ok_or_else(|| Error::bug("the database says nothing about itself"))?;
        Ok(Facts {
            backend: name,
            version: row.try_get("", "version")?,
            size_bytes: row.try_get("", "bytes")?,
        })
    }
}
