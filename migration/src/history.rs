//! Where a database stands in the list of migrations, and moving it to a given one.

use std::{collections::HashMap, num::TryFromIntError};

use sea_orm_migration::{
    IntoSchemaManagerConnection, MigrationStatus, MigratorTrait, prelude::*,
    sea_orm::prelude::DateTimeUtc,
};

use crate::{Migrator, Steps, lock};

/// One migration as a database knows it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Step {
    /// `m20261121_000001_create_deletions`.
    pub name: String,
    /// To the second; `None` while it is pending.
    pub applied_at: Option<DateTimeUtc>,
}

impl Migrator {
    /// Every migration in order. Only reads, so it needs no right to create tables; fails if the database has
    /// migrations that this program does not know, that is, if the program is older than the database.
    pub async fn history<C: ConnectionTrait>(db: &C) -> Result<Vec<Step>, DbErr> {
        let steps = Steps::get_migration_with_status_read_only(db).await?;
        let applied = if steps.iter().any(is_applied) {
            applied_at(db).await?
        } else {
            HashMap::new()
        };
        let step = |name: &str| Step {
            name: name.to_owned(),
            applied_at: applied.get(name).copied(),
        };
        Ok(steps.iter().map(|known| step(known.name())).collect())
    }

    /// Applies or rolls back until `version` is the last one applied. It is the name of a migration, or as much of its
    /// beginning as no other shares.
    pub async fn to<'c, C>(db: C, version: &str) -> Result<(), DbErr>
    where
        C: IntoSchemaManagerConnection<'c>,
    {
        let tx = lock::begin(db).await?;
        let steps = Steps::get_migration_with_status(&tx).await?;
        let mut matching = steps
            .iter()
            .enumerate()
            .filter(|(_, step)| step.name().starts_with(version));
        let (Some((last, _)), None) = (matching.next(), matching.next()) else {
            let problem = format!("`{version}` is not the beginning of exactly one migration");
            return Err(DbErr::Migration(problem));
        };
        let (wanted, unwanted) = steps.split_at(last + 1);
        let down = unwanted.iter().filter(|step| is_applied(step)).count();
        let up = wanted.iter().filter(|step| !is_applied(step)).count();
        Steps::down(&tx, Some(count(down)?)).await?;
        Steps::up(&tx, Some(count(up)?)).await?;
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

async fn applied_at<C: ConnectionTrait>(db: &C) -> Result<HashMap<String, DateTimeUtc>, DbErr> {
    let select = Query::select()
        .columns(["version", "applied_at"])
        .from(Steps::migration_table_name())
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
