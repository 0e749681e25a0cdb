//! Lists the applied and pending migrations of a database, and moves it to a given migration.

use std::{
    collections::{BTreeMap, HashSet},
    num::TryFromIntError,
};

use sea_orm_migration::{
    IntoSchemaManagerConnection, MigrationStatus, MigratorTraitSelf,
    prelude::*,
    sea_orm::{DbBackend, Statement, prelude::DateTimeUtc},
};

use super::{
    Migrator,
    lock::{self, Steps},
    requirements,
};

/// One migration and its state in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// For example `m20261121_000001_create_deletions`.
    pub name: String,
    /// To the second; `None` while it is pending.
    pub applied_at: Option<DateTimeUtc>,
    /// False if a newer release applied it.
    pub is_known: bool,
}

impl Migrator {
    /// Lists every migration in order, those of a newer release last. It only reads, so it needs no right to create tables.
    ///
    /// Fails if this program does not work with a migration of a newer release: see [`super::require`].
    pub async fn history<C: ConnectionTrait>(&self, db: &C) -> Result<Vec<Step>, DbErr> {
        let mut applied = applied_at(&self.steps, db).await?;
        let names = self.steps.migrations().into_iter();
        let names: Vec<_> = names.map(|step| step.name().to_owned()).collect();
        let known: HashSet<_> = names.iter().cloned().collect();
        let mut all: Vec<_> = names
            .into_iter()
            .map(|name| Step {
                applied_at: applied.remove(&name),
                name,
                is_known: true,
            })
            .collect();
        let unknown: Vec<_> = applied.keys().cloned().collect();
        if !unknown.is_empty() {
            requirements::check(db, &known, &unknown).await?;
        }
        all.extend(applied.into_iter().map(|(name, at)| Step {
            name,
            applied_at: Some(at),
            is_known: false,
        }));
        Ok(all)
    }

    /// Applies or rolls back migrations until `version` is the last applied one. `version` is the name of a migration, or a
    /// beginning of it that no other migration has.
    pub async fn to<'c, C>(&self, db: C, version: &str) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = lock::begin(db).await?;
        let steps = self.steps.get_migration_with_status(&tx).await?;
        let mut matching = steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.name().starts_with(version));
        let (Some((last, _)), None) = (matching.next(), matching.next()) else {
            let problem = format!("no single migration name starts with `{version}`");
            return Err(DbErr::Migration(problem));
        };
        let (wanted, unwanted) = steps.split_at(last + 1);
        let down = unwanted.iter().filter(|step| is_applied(step)).count();
        let up = wanted.iter().filter(|step| !is_applied(step)).count();
        self.steps.down(&tx, Some(count(down)?)).await?;
        self.steps.up(&tx, Some(count(up)?)).await?;
        tx.commit().await
    }
}

fn is_applied(step: &sea_orm_migration::Migration) -> bool {
    step.status() == MigrationStatus::Applied
}

fn count(steps: usize) -> Result<u32, DbErr> {
    steps
        .try_into()
        .map_err(|error: TryFromIntError| DbErr::Migration(error.to_string()))
}

/// Returns the applied migrations with their times, by name. None are applied while their table is absent.
async fn applied_at<C: ConnectionTrait>(
    steps: &Steps,
    db: &C,
) -> Result<BTreeMap<String, DateTimeUtc>, DbErr> {
    let table = steps.migration_table_name();
    if !has_table(db, &table.to_string()).await? {
        return Ok(BTreeMap::new());
    }
    let select = Query::select()
        .columns(["version", "applied_at"])
        .from(table)
        .take();
    let rows = db.query_all(&select).await?;
    rows.into_iter()
        .map(|row| {
            let seconds = row.try_get("", "applied_at")?;
            let at = DateTimeUtc::from_timestamp(seconds, 0).unwrap_or_default();
            Ok((row.try_get("", "version")?, at))
        })
        .collect()
}

async fn has_table<C: ConnectionTrait>(db: &C, table: &str) -> Result<bool, DbErr> {
    let backend = db.get_database_backend();
    let sql = match backend {
        DbBackend::Postgres => "SELECT to_regclass($1) IS NOT NULL AS found",
        _ => {
            "SELECT EXISTS (SELECT 1 FROM sqlite_schema WHERE type = 'table' AND name = $1) AS found"
        }
    };
    let question = Statement::from_sql_and_values(backend, sql, [table.into()]);
    let row = db.query_one_raw(question).await?;
    row.map_or(Ok(false), |row| row.try_get("", "found"))
}
