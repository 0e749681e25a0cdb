//! `stats`: one statement over the rows that the actor may see.
use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, IdenStatic, Order, QueryResult, QuerySelect,
    QueryTrait, Select,
    prelude::{Date, DateTimeWithTimeZone, Time},
    sea_query::{Asterisk, Expr, Func, NullOrdering},
};

use super::{
    Column, Readable,
    size::{Budget, SCALAR, json_size},
};
use crate::{
    Reads, Result,
    query::{MAX_GROUPS, StatsQuery},
};

/// Bytes of a group beside its values: the count, and names around the extremes.
const FRAME: u64 = 64;

#[derive(Debug)]
pub struct Stats {
    /// In the order of their keys, NULL last.
    pub groups: Vec<Group>,
    /// Whether there are more groups than these.
    pub has_more: bool,
}

/// Fields with their values.
pub type Values = Vec<(&'static str, Datum)>;

#[derive(Debug)]
pub struct Group {
    pub key: Values,
    /// None where it was not asked for.
    pub count: Option<i64>,
    pub min: Values,
    pub max: Values,
}

/// A value of any declared field.
#[derive(Debug)]
pub enum Datum {
    Null,
    Integer(i64),
    Number(f64),
    Boolean(bool),
    Time(DateTimeWithTimeZone),
    Text(String),
}

/// Whether values of a column have a least and a greatest: PostgreSQL knows neither of booleans.
pub fn orderable(column: impl ColumnTrait) -> bool {
    *column.def().get_column_type() != ColumnType::Boolean
}

pub async fn stats<C: Readable>(
    reads: &impl Reads,
    query: &StatsQuery<C>,
    rows: Select<C::Entity>,
) -> Result<Stats> {
    let mut select = query
        .filtered(rows, reads.actor(), reads.db()?.get_database_backend())
        .select_only()
        .into_query();
    let field = |column: &Column<C>| Expr::col(column.as_column_ref());
    for column in &query.group_by {
        select
            .expr(field(column))
            .add_group_by([field(column)])
            .order_by_expr_with_nulls(field(column), Order::Asc, NullOrdering::Last);
    }
    if query.is_counted {
        select.expr(Func::count(Expr::col(Asterisk)));
    }
    select.exprs(query.min.iter().map(|column| Func::min(field(column))));
    select.exprs(query.max.iter().map(|column| Func::max(field(column))));
    // One more tells whether anything follows.
    select.limit(MAX_GROUPS + 1);
    let rows = reads.db()?.query_all(&select).await?;
    let most = usize::try_from(MAX_GROUPS).unwrap_or(usize::MAX);
    let groups = rows.iter().take(most).map(|row| group(query, row));
    let mut groups = groups.collect::<Result<Vec<_>>>()?;
    let budget = Budget {
        sizes: groups.iter().map(size).collect(),
        most: query.answer_limit(),
    };
    groups.truncate(budget.fitting([]));
    Ok(Stats {
        has_more: rows.len() > groups.len(),
        groups,
    })
}

/// Bytes of a group as JSON, at most.
fn size(group: &Group) -> u64 {
    let values = group.key.iter().chain(&group.min).chain(&group.max);
    let sizes = values.map(|(name, value)| {
        let value = match value {
            Datum::Text(text) => json_size(text),
            _ => SCALAR,
        };
        name.len() as u64 + 4 + value
    });
    FRAME + sizes.sum::<u64>()
}

/// In the order in which they were selected.
fn group<C: Readable>(query: &StatsQuery<C>, row: &QueryResult) -> Result<Group> {
    let mut place = 0;
    let mut next = || {
        place += 1;
        place - 1
    };
    let values = |columns: &[Column<C>], next: &mut dyn FnMut() -> usize| {
        let value = |column: &Column<C>| Ok((column.as_str(), datum(row, next(), *column)?));
        columns.iter().map(value).collect::<Result<Values>>()
    };
    Ok(Group {
        key: values(&query.group_by, &mut next)?,
        count: match query.is_counted {
            true => Some(row.try_get_by_index(next())?),
            false => None,
        },
        min: values(&query.min, &mut next)?,
        max: values(&query.max, &mut next)?,
    })
}

fn datum(row: &QueryResult, at: usize, column: impl ColumnTrait) -> Result<Datum> {
    let datum = match column.def().get_column_type() {
        ColumnType::SmallInteger => row
            .try_get_by_index::<Option<i16>>(at)?
            .map(|number| Datum::Integer(number.into())),
        ColumnType::Integer => row
            .try_get_by_index::<Option<i32>>(at)?
            .map(|number| Datum::Integer(number.into())),
        ColumnType::BigInteger => row.try_get_by_index::<Option<i64>>(at)?.map(Datum::Integer),
        // As short as it is exact: 0.1 and not 0.10000000149011612.
        ColumnType::Float => row
            .try_get_by_index::<Option<f32>>(at)?
            .and_then(|number| number.to_string().parse().ok().map(Datum::Number)),
        ColumnType::Double => row.try_get_by_index::<Option<f64>>(at)?.map(Datum::Number),
        ColumnType::Date => row
            .try_get_by_index::<Option<Date>>(at)?
            .map(|date| Datum::Text(date.to_string())),
        ColumnType::Time => row
            .try_get_by_index::<Option<Time>>(at)?
            .map(|time| Datum::Text(time.to_string())),
        ColumnType::Boolean => row
            .try_get_by_index::<Option<bool>>(at)?
            .map(Datum::Boolean),
        ColumnType::TimestampWithTimeZone => row
            .try_get_by_index::<Option<DateTimeWithTimeZone>>(at)?
            .map(Datum::Time),
        _ => row.try_get_by_index::<Option<String>>(at)?.map(Datum::Text),
    };
    Ok(datum.unwrap_or(Datum::Null))
}
