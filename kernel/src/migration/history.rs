//! Lists the applied and pending migrations of a database, and moves it to a given migration.

use std::{collections::HashMap, num::TryFromIntError};

use sea_orm_migration::{
    IntoSchemaManagerConnection, MigrationStatus, MigratorTraitSelf, prelude::*,
    sea_orm::prelude::DateTimeUtc,
};

use super::{
    Migrator,
    lock::{self, Steps},
};

/// One migration and its state in a database.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// For example `m20261121_000001_create_deletions`.
    pub name: String,
    /// To the second; `None` while it is pending.
    pub applied_at: Option<DateTimeUtc>,
}

impl Migrator {
    /// Lists every migration in order. It only reads, so it needs no right to create tables. It fails if the database has
    /// migrations that this program does not know, because the program is then older than the database.
    pub async fn history<C: ConnectionTrait>(&self, db: &C) -> Result<Vec<Step>, DbErr> {
        let steps = self.steps.get_migration_with_status_read_only(db).await?;
        let applied = if steps.iter().any(is_applied) {
            applied_at(&self.steps, db).await?
        } else {
            HashMap::new()
        };
        let step = |name: &str| Step {
            name: name.to_owned(),
            applied_at: applied.get(name).copied(),
        };
        Ok(steps.iter().map(|known| step(known.name())).collect())
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

async fn applied_at<C: ConnectionTrait>(
    steps: &Steps,
    db: &C,
) -> Result<HashMap<String, DateTimeUtc>, DbErr> {
    let select = Query::select()
        .columns(["version", "applied_at"])
        .from(steps.migration_table_name())
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
