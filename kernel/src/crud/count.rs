//! Counts or estimates the rows that match, for `page.total`.
use sea_orm::{
    ConnectionTrait, DbBackend, EntityTrait, PaginatorTrait, QueryTrait, Select, Statement,
    prelude::Json,
    sea_query::{Asterisk, Expr, ExprTrait, Func, SelectStatement},
};

use crate::{Error, Result, resource::scope};

pub async fn exact<E: EntityTrait<Model: Sync>>(
    db: &impl ConnectionTrait,
    rows: Select<E>,
) -> Result<u64> {
    Ok(rows.count(db).await?)
}

/// Returns the number of rows that PostgreSQL's planner expects, without running the statement. It is at least 1.
pub async fn estimate<E: EntityTrait<Model: Sync>>(
    db: &impl ConnectionTrait,
    rows: Select<E>,
) -> Result<u64> {
    if db.get_database_backend() != DbBackend::Postgres {
        return exact(db, rows).await;
    }
    let Statement { sql, values, .. } = rows.build(DbBackend::Postgres);
    let explain = Statement {
        sql: format!("EXPLAIN (FORMAT JSON) {sql}"),
        values,
        db_backend: DbBackend::Postgres,
    };
    let row = db.query_one_raw(explain).await?;
    let plan: Option<Json> = row.map(|row| row.try_get_by_index(0)).transpose()?;
    let expected = plan.and_then(|plan| plan[0]["Plan"]["Plan Rows"].as_u64());
    expected.ok_or_else(|| Error::bug("the plan of PostgreSQL contains no number of rows"))
}

/// Returns the number of rows that a select of the ids of a table finds.
pub async fn ids(
    db: &impl ConnectionTrait,
    table: &'static str,
    mut ids: SelectStatement,
) -> Result<i64> {
    let count = ids
        .clear_selects()
        .expr_as(Expr::col((table, "id")).count(), "rows")
        .take();
    read(db, &count).await
}

/// Returns the number of rows that a select finds, up to `most`, reading no more of them.
pub async fn count_up_to(
    db: &impl ConnectionTrait,
    mut rows: SelectStatement,
    most: u64,
) -> Result<u64> {
    let count = scope::near_rows(rows.limit(most).take(), "counted")
        .expr_as(Func::count(Expr::col(Asterisk)), "rows")
        .take();
    Ok(read(db, &count).await?.unsigned_abs())
}

async fn read(db: &impl ConnectionTrait, count: &SelectStatement) -> Result<i64> {
    let row = db.query_one(count).await?;
    let row = row.ok_or_else(|| Error::bug("a count returned no row"))?;
    Ok(row.try_get("", "rows")?)
}
