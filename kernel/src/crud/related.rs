//! Reads the related rows of many rows with one statement.
use sea_orm::{
    ColumnTrait, ConnectionTrait, FromQueryResult, IdenStatic, Iterable, Order, QueryFilter,
    QueryOrder, QuerySelect, QueryTrait, Select,
    sea_query::{Asterisk, Expr, ExprTrait, Func, JoinType, SelectStatement, WindowStatement},
};

use super::{base, size};
use crate::{
    Reads, Result,
    query::Shape,
    resource::{Column, Crud, Found, Model, PrivateView, scope, value::is_unbounded},
};

/// The rows of a relation to read, and how much of them.
#[derive(Debug)]
pub struct Wanted<'a> {
    /// The foreign key that refers to the rows that own them, or `id` to read owners.
    pub foreign_key: &'static str,
    pub keys: &'a [i64],
    /// The most rows for each key.
    pub most: u64,
    /// The heavy columns to read.
    pub heavy: &'a [&'static str],
    /// The most bytes of all rows together.
    pub room: u64,
}

/// A related row. If it does not fit, its long texts are empty.
#[derive(Debug)]
pub struct Related<R> {
    pub key: i64,
    pub found: Found<R>,
    pub fits: bool,
    /// The number of rows with the same key, as far as they were examined.
    pub siblings: u64,
}

/// The alias of the rows that were found by their keys.
const NEAR: &str = "near";

/// Returns the visible rows whose foreign key, or id, is among the keys, newest first. It runs one statement, so it does not
/// call [`Crud::load`]: related rows are shown as the public sees them.
///
/// Rows are fitted into the limit in rounds: the first of each key, then the second of each, and so on. Of the rows that do not
/// fit, only the first of each key is returned.
pub async fn related<C: Crud>(
    reads: &impl Reads,
    wanted: &Wanted<'_>,
) -> Result<Vec<Related<C::Row>>> {
    let shape = shape::<C>(wanted.heavy);
    let rows = scope::live::<C>(reads.actor());
    let is_owner = wanted.foreign_key == "id";
    let rows = if is_owner && wanted.heavy.is_empty() {
        owners::<C>(wanted, &shape, rows)
    } else {
        measured::<C>(reads, wanted, &shape, rows)
    };
    let rows = rows.order_by_desc(C::ID);
    let rows = reads.db()?.query_all(&rows.into_query()).await?;
    let view = PrivateView::new::<C>(reads.actor());
    let related = |row: &sea_orm::QueryResult| {
        let model = Model::<C>::from_query_result(row, "")?;
        let mut found = base::found_row::<C>(&view, &model, C::Row::from(model.clone()));
        found.is_full = false;
        let siblings: i64 = row.try_get("", "siblings")?;
        Ok(Related {
            key: row.try_get("", wanted.foreign_key)?,
            found,
            fits: row.try_get("", "fits")?,
            siblings: siblings.unsigned_abs(),
        })
    };
    rows.iter().map(related).collect()
}

/// Shows all fields except the heavy ones that are not in `heavy`.
fn shape<C: Crud>(heavy: &[&str]) -> Shape {
    let fields = C::FIELDS.iter().map(|field| field.column.as_str());
    let is_shown =
        |name: &&str| heavy.contains(name) || !C::heavy_fields().any(|heavy| heavy == *name);
    Shape {
        fields: Some(fields.filter(is_shown).map(str::to_owned).collect()),
        ..Shape::default()
    }
}

/// Selects the columns that the public sees. Other texts, such as hashes of passwords, are not read; an empty value takes their
/// place. The same holds for the long texts of rows that do not fit.
fn select_public<C: Crud>(
    rows: Select<C::Entity>,
    shape: &Shape,
    fits: &Expr,
) -> Select<C::Entity> {
    let select = |rows: Select<C::Entity>, column: Column<C>| {
        let name = column.as_str();
        let field = C::FIELDS.iter().find(|field| field.column.as_str() == name);
        let shown = field.filter(|field| !field.is_private && shape.shows(name));
        match shown {
            None if is_unbounded(&column) => rows.column_as(size::empty(column), name),
            Some(field) if field.is_long => {
                rows.column_as(size::column_or_empty(fits.clone(), column), name)
            }
            _ => rows.column(column),
        }
    };
    let rows = Column::<C>::iter().fold(rows.select_only(), select);
    rows.column_as(fits.clone(), "fits")
}

/// Selects owners without heavy fields. Each fits if its long texts take no more than its share of the room.
fn owners<C: Crud>(
    wanted: &Wanted<'_>,
    shape: &Shape,
    rows: Select<C::Entity>,
) -> Select<C::Entity> {
    let keys = wanted.keys.iter().copied();
    let most = wanted.room / Ord::max(wanted.keys.len() as u64, 1);
    let long: Vec<_> = size::long_columns::<C>(shape).collect();
    let fits = size::octets::<C>(&long).lte(size::bound(most));
    let rows = rows.filter(C::ID.is_in(keys));
    let only = Expr::val(1_i64).cast_as("bigint");
    select_public::<C>(rows, shape, &fits).column_as(only, "siblings")
}

/// Selects the rows, each with whether it fits and how many rows its key has.
fn measured<C: Crud>(
    reads: &impl Reads,
    wanted: &Wanted<'_>,
    shape: &Shape,
    rows: Select<C::Entity>,
) -> Select<C::Entity> {
    let near = |name: &'static str| Expr::col((NEAR, name));
    let fits = near("total").lte(size::bound(wanted.room));
    let mut rows = select_public::<C>(rows, shape, &fits);
    rows = rows
        .column_as(near("siblings"), "siblings")
        .filter(fits.or(near("place").eq(1)));
    let id = Expr::col((C::name(), "id"));
    QueryTrait::query(&mut rows)
        .from_clear()
        .from_subquery(select_in_rounds::<C>(reads, wanted, shape), NEAR)
        .join(JoinType::InnerJoin, C::name(), id.eq(near("id")));
    rows
}

/// Selects the ids of the newest rows of each key in rounds, each with the total size of all rows up to it.
fn select_in_rounds<C: Crud>(
    reads: &impl Reads,
    wanted: &Wanted<'_>,
    shape: &Shape,
) -> SelectStatement {
    let key = (C::name(), wanted.foreign_key);
    let shown = C::FIELDS.iter().map(|field| field.column);
    let shown = shown.filter(|column| shape.shows(column.as_str()));
    let texts = shown.filter(is_unbounded);
    let octets = size::octets::<C>(&texts.collect::<Vec<_>>());
    let newest_first = WindowStatement::partition_by(key)
        .order_by((C::name(), "id"), Order::Desc)
        .take();
    let ranked = scope::visible_ids::<C>(reads.actor())
        .and_where(Expr::col(key).is_in(wanted.keys.iter().copied()))
        .expr_as(Expr::col(key), "key")
        .expr_as(octets.add(size::bound(size::ROW)), "octets")
        .expr_window_as(Func::cust("ROW_NUMBER"), newest_first, "place")
        .take();
    let turns = WindowStatement::new()
        .order_by("place", Order::Asc)
        .order_by("id", Order::Desc)
        .take();
    scope::near_rows(ranked, "ranked")
        .columns(["id", "place"])
        .expr_window_as(Func::sum(Expr::col("octets")), turns, "total")
        .expr_window_as(
            Func::count(Expr::col(Asterisk)),
            WindowStatement::partition_by("key"),
            "siblings",
        )
        .and_where(Expr::col("place").lte(size::bound(wanted.most)))
        .take()
}
