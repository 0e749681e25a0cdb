//! Changes the schema, for the start of the server and for `atoll migrate`.
use std::time::Duration;

use sea_orm::DatabaseConnection;
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf};

use super::{Database, Reader, Settings};
use crate::{
    Result,
    migration::{Migrator, Step},
};

/// How long one process waits while another migrates.
const WAIT: Duration = Duration::from_mins(1);

/// All operations that change the schema. Processes that start together run them one after the other, and a failed one is
/// rolled back.
#[derive(Debug)]
pub struct Migrations<'a> {
    migrator: Migrator,
    write: &'a DatabaseConnection,
    reader: &'a Reader,
}

impl Database {
    /// Connects with long timeouts, because those of a request would end a migration halfway.
    /// An in-memory database has only one connection: use that instead.
    pub async fn connect_for_migrations(settings: &Settings) -> Result<Self> {
        let mut patient = Settings {
            max_connections: 1,
            min_connections: 0,
            acquire_timeout: Duration::from_secs(10),
            lock_timeout: WAIT,
            idle_in_transaction_timeout: Duration::ZERO,
            slow_statement: WAIT,
            ..settings.clone()
        };
        patient.extend_deadlines();
        Self::connect(&patient, None).await
    }

    /// Opens a new SQLite database in memory, with default settings and the schema that these migrations make.
    pub async fn in_memory(steps: fn() -> Vec<Box<dyn MigrationTrait>>) -> Result<Self> {
        let database = Self::connect(&Settings::new("sqlite::memory:"), None).await?;
        database.migrations(Migrator::new(steps)).up(None).await?;
        Ok(database)
    }

    pub fn migrations(&self, migrator: Migrator) -> Migrations<'_> {
        Migrations {
            migrator,
            write: &self.write,
            reader: &self.reader,
        }
    }
}

impl Migrations<'_> {
    /// Applies that many pending migrations, or all of them.
    pub async fn up(&self, steps: Option<u32>) -> Result<()> {
        Ok(self.migrator.up(self.write, steps).await?)
    }

    /// Rolls back that many migrations, the newest first.
    pub async fn down(&self, steps: u32) -> Result<()> {
        Ok(self.migrator.down(self.write, Some(steps)).await?)
    }

    /// Applies or rolls back migrations until `version`, a name or the beginning of one, is the last applied one.
    pub async fn to(&self, version: &str) -> Result<()> {
        Ok(self.migrator.to(self.write, version).await?)
    }

    /// Gives a PostgreSQL role that does not own the tables the rights that a server needs. It may only add to the audit log,
    /// and prune entries older than `audit_retention`, unless that is zero.
    pub async fn grant(&self, role: &str, audit_retention: Duration) -> Result<()> {
        Ok(self
            .migrator
            .grant(self.write, role, audit_retention)
            .await?)
    }

    /// Lists every migration in order. Fails if the database has migrations that this program does not know.
    pub async fn history(&self) -> Result<Vec<Step>> {
        Ok(self.migrator.history(self.reader).await?)
    }

    /// Lists the migrations that this program knows and the database lacks.
    ///
    /// Fails if the database has migrations that this program does not know.
    pub async fn pending(&self) -> Result<Vec<String>> {
        let steps = self.history().await?.into_iter();
        let pending = steps.filter(|step| step.applied_at.is_none());
        Ok(pending.map(|step| step.name).collect())
    }

    /// Drops every table, then applies all migrations.
    pub async fn fresh(&self) -> Result<()> {
        Ok(self.migrator.fresh(self.write).await?)
    }

    /// Rolls back all migrations, then applies them.
    pub async fn refresh(&self) -> Result<()> {
        Ok(self.migrator.refresh(self.write).await?)
    }

    /// Rolls back all migrations.
    pub async fn reset(&self) -> Result<()> {
        Ok(self.migrator.reset(self.write).await?)
    }
}
