//! Tells programs of an earlier release whether they work with a newer schema, so that a release is rolled out node by node.
//!
//! A program works with migrations that it does not know, unless one of them has a requirement that it does not know either.

use std::collections::HashSet;

use sea_orm_migration::prelude::*;

const TABLE: &str = "migration_requirements";

/// Records that programs that do not know the migration `required` do not work once `migration` is applied.
///
/// Call it in a migration that removes or renames something. `required` is the migration with which the code stopped to use
/// it. It fails if `required` is not applied.
pub async fn require(
    manager: &SchemaManager<'_>,
    migration: &impl MigrationName,
    required: &str,
) -> Result<(), DbErr> {
    let db = manager.get_connection();
    let applied = Query::select()
        .column("version")
        .from("seaql_migrations")
        .and_where(Expr::col("version").eq(required))
        .take();
    if db.query_one(&applied).await?.is_none() {
        let problem = format!("the required migration `{required}` is not applied");
        return Err(DbErr::Migration(problem));
    }
    let mut insert = Query::insert();
    insert
        .into_table(TABLE)
        .columns(["migration", "required"])
        .values_panic([migration.name().into(), required.into()]);
    db.execute(&insert).await?;
    Ok(())
}

/// Removes the requirement of `migration`. Call it in the `down` of a migration that calls [`require`].
pub async fn remove_requirement(
    manager: &SchemaManager<'_>,
    migration: &impl MigrationName,
) -> Result<(), DbErr> {
    let mut delete = Query::delete();
    delete
        .from_table(TABLE)
        .and_where(Expr::col("migration").eq(migration.name()));
    manager.get_connection().execute(&delete).await?;
    Ok(())
}

/// Fails if one of the migrations that a program does not know requires another one that it does not know.
pub(super) async fn check<C: ConnectionTrait>(
    db: &C,
    known: &HashSet<String>,
    unknown: &[String],
) -> Result<(), DbErr> {
    let select = Query::select()
        .columns(["migration", "required"])
        .from(TABLE)
        .and_where(Expr::col("migration").is_in(unknown))
        .take();
    for row in db.query_all(&select).await? {
        let required: String = row.try_get("", "required")?;
        if !known.contains(&required) {
            let migration: String = row.try_get("", "migration")?;
            let problem = format!(
                "the database belongs to a newer release: with the migration `{migration}` it works only with releases that know \
                 `{required}`; run such a release"
            );
            return Err(DbErr::Migration(problem));
        }
    }
    Ok(())
}
