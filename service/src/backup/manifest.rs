//! What a backup holds.
use std::collections::BTreeMap;

use chrono::{DateTime, Utc};
use serde::{Deserialize, Serialize};

use super::facts::Facts;

/// The version of the form of backups that this program writes and reads.
pub const FORMAT: u32 = 1;

/// Describes a backup. It has no values of rows, and is not encrypted.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Manifest {
    pub format: u32,
    pub created_at: DateTime<Utc>,
    /// The version of the program that made it.
    pub program: String,
    /// `sqlite` or `postgres`.
    pub database: String,
    pub server_version: String,
    /// The name of the copy.
    pub file: String,
    pub bytes: u64,
    pub is_encrypted: bool,
    /// The applied migrations.
    pub migrations: Vec<String>,
    /// The rows of each table.
    pub rows: BTreeMap<String, i64>,
    /// The end of the chain of the audit log.
    pub audit_receipt: String,
}

impl Manifest {
    pub fn facts(&self) -> Facts {
        Facts {
            database: self.database.clone(),
            server_version: self.server_version.clone(),
            migrations: self.migrations.clone(),
            rows: self.rows.clone(),
            audit_receipt: self.audit_receipt.clone(),
        }
    }

    pub fn is_sqlite(&self) -> bool {
        self.database == "sqlite"
    }
}
