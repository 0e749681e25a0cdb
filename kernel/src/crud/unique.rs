//! Makes a refusal name every unique value that is taken. The database names only the first.
use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, ModelTrait,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    Code, Error, Result, Tx,
    database::{taken_field, values_taken},
    resource::{Active, Column, Crud, Model, scope},
};

/// Returns the refusal of a row that was not inserted, with all its values that other live rows have.
pub async fn name_all<C: Crud>(tx: &Tx, row: &Active<C>, refusal: Error) -> Result<Error> {
    let Error::Conflict { refusals, .. } = &refusal else {
        return Ok(refusal);
    };
    if C::UNIQUE.len() < 2 || refusals.iter().all(|refusal| refusal.code != Code::Taken) {
        return Ok(refusal);
    }
    let taken = find_taken::<C>(tx, row, C::UNIQUE).await?;
    Ok(if taken.len() < 2 {
        refusal
    } else {
        values_taken(&taken)
    })
}

/// Checks several unique values of a row before they change. If another transaction takes one of them at the same time, the
/// database refuses it.
pub async fn check<C: Crud>(tx: &Tx, before: &Model<C>, row: &Active<C>) -> Result<()> {
    let is_new = |column: &Column<C>| match row.get(*column) {
        ActiveValue::Set(value) => value != before.get(*column),
        _ => false,
    };
    let changed: Vec<_> = C::UNIQUE.iter().copied().filter(is_new).collect();
    refuse_taken::<C>(tx, row, &changed).await
}

/// Checks the unique values of a deleted row before it is restored.
pub async fn check_restored<C: Crud>(tx: &Tx, row: &Active<C>) -> Result<()> {
    refuse_taken::<C>(tx, row, C::UNIQUE).await
}

async fn refuse_taken<C: Crud>(tx: &Tx, row: &Active<C>, columns: &[Column<C>]) -> Result<()> {
    if columns.len() < 2 {
        return Ok(());
    }
    let taken = find_taken::<C>(tx, row, columns).await?;
    if taken.is_empty() {
        Ok(())
    } else {
        Err(values_taken(&taken))
    }
}

/// Returns the fields of those columns whose value another live row has, with one statement.
async fn find_taken<C: Crud>(
    tx: &Tx,
    row: &Active<C>,
    columns: &[Column<C>],
) -> Result<Vec<String>> {
    let id = row.get(C::ID).into_value();
    let mut probes = scope::select_without_table();
    let mut names = Vec::new();
    for column in columns {
        let Some(value) = row.get(*column).into_value() else {
            continue;
        };
        let mut others = scope::live_ids(C::name());
        others.and_where(Expr::col(column.as_column_ref()).eq(value));
        if let Some(id) = id.clone() {
            others.and_where(Expr::col((C::name(), "id")).ne(id));
        }
        probes.expr_as(Expr::exists(others), sea_orm::IdenStatic::as_str(column));
        names.push(sea_orm::IdenStatic::as_str(column));
    }
    let found = tx.query_one(&probes).await?;
    let found = found.ok_or_else(|| Error::bug("a search for taken values returned no row"))?;
    let mut taken = Vec::new();
    for name in names {
        if found.try_get::<bool>("", name)? {
            taken.push(taken_field(name).to_owned());
        }
    }
    Ok(taken)
}
