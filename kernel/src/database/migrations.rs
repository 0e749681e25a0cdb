//! Changes the schema, for the start of the server and for `atoll migrate`.
use std::time::Duration;

use sea_orm::{DatabaseConnection, DbErr};
use sea_orm_migration::{MigrationTrait, MigratorTraitSelf};
use tokio::time::sleep;

use super::{Database, Reader, Settings, is_lock_wait};
use crate::{
    Result,
    migration::{Migrator, Step},
};

/// How long one process waits while another migrates.
const WAIT: Duration = Duration::from_mins(1);

/// A migration tries this often to get its locks. Each time it waits two seconds for them, and then pauses longer than before.
const ATTEMPTS: u32 = 10;
const PAUSE: Duration = Duration::from_secs(1);

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
    /// Applies that many pending migrations, or all of them. On a busy database it tries for a minute or longer to get the locks
    /// that a migration needs, and gives way to other statements in between.
    pub async fn up(&self, steps: Option<u32>) -> Result<()> {
        let history = self.history().await?;
        if let Some(Step { name, .. }) = history.iter().rfind(|step| !step.is_known) {
            let problem = format!(
                "the database belongs to a newer release, which applied `{name}`; migrate with that release"
            );
            return Err(DbErr::Migration(problem).into());
        }
        let pending = history.iter().filter(|step| step.applied_at.is_none());
        let mut pending = pending.count();
        let wanted = steps.and_then(|steps| usize::try_from(steps).ok());
        let left = pending.saturating_sub(wanted.unwrap_or(pending));
        let mut attempt = 1;
        loop {
            let steps = u32::try_from(pending.saturating_sub(left)).unwrap_or(u32::MAX);
            let Err(error) = self.migrator.up(self.write, Some(steps)).await else {
                return Ok(());
            };
            if !is_lock_wait(&error) || attempt == ATTEMPTS {
                return Err(error.into());
            }
            tracing::info!("a migration waits for a table that is in use");
            sleep(PAUSE * attempt).await;
            attempt += 1;
            // Migrations before the one that failed remain applied.
            pending = self.pending().await?.len();
        }
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

    /// Lists every migration in order, those of a newer release last. Fails if this program does not work with one of them.
    pub async fn history(&self) -> Result<Vec<Step>> {
        Ok(self.migrator.history(self.reader).await?)
    }

    /// Lists the migrations that this program knows and the database lacks.
    ///
    /// Fails if the database has a migration of a newer release with which this program does not work.
    pub async fn pending(&self) -> Result<Vec<String>> {
        let steps = self.history().await?.into_iter();
        let pending = steps.filter(|step| step.applied_at.is_none());
        Ok(pending.map(|step| step.name).collect())
    }

    /// Lists the migrations that a newer release has applied, and with which this program works.
    pub async fn newer(&self) -> Result<Vec<String>> {
        let steps = self.history().await?.into_iter();
        let newer = steps.filter(|step| !step.is_known);
        Ok(newer.map(|step| step.name).collect())
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
