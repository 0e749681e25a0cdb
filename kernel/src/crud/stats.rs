//! Aggregates the rows that the actor may see with one statement, for `stats`.
use sea_orm::{
    ColumnTrait, ColumnType, ConnectionTrait, IdenStatic, Order, QueryResult, QuerySelect,
    QueryTrait, Select,
    prelude::{Date, DateTimeWithTimeZone, Time, Uuid},
    sea_query::{Asterisk, Expr, ExprTrait, Func, NullOrdering},
};

use super::size::SCALAR;
use crate::{
    Reads, Result, decimal,
    json::Float32,
    query::{MAX_GROUPS, StatsQuery},
    resource::{Column, Field, PageBudget, Readable, ValueKind, json_size},
};

/// The bytes of a group beside its values: the count, and the names of the aggregates.
const FRAME: u64 = 64;

#[derive(Debug)]
pub struct Stats {
    /// The groups in the order of their keys, NULL last.
    pub groups: Vec<Group>,
    /// True if there are more groups than these.
    pub has_more: bool,
}

/// The values of fields, by name.
pub type Values = Vec<(&'static str, Datum)>;

#[derive(Debug)]
pub struct Group {
    pub key: Values,
    /// The number of rows, if the caller asked for it.
    pub count: Option<i64>,
    pub min: Values,
    pub max: Values,
    pub sum: Values,
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

pub async fn stats<C: Readable>(
    reads: &impl Reads,
    query: &StatsQuery<C>,
    rows: Select<C::Entity>,
) -> Result<Stats> {
    let backend = reads.db()?.get_database_backend();
    let mut select = query
        .filtered(rows, reads.actor(), backend)
        .select_only()
        .into_query();
    let field = |field: &Field<Column<C>>| Expr::col(field.column.as_column_ref());
    for key in &query.group_by {
        let value = match query.period {
            Some(period) if key.kind() == Some(ValueKind::Time) => {
                period.start(field(key), backend)
            }
            _ => field(key),
        };
        select
            .expr(value.clone())
            .add_group_by([value.clone()])
            .order_by_expr_with_nulls(value, Order::Asc, NullOrdering::Last);
    }
    if query.is_counted {
        select.expr(Func::count(Expr::col(Asterisk)));
    }
    select.exprs(query.min.iter().map(|least| Func::min(field(least))));
    select.exprs(query.max.iter().map(|greatest| Func::max(field(greatest))));
    for field in query.sum.iter().map(field) {
        select.exprs(parts(&field).map(|part| part.sum().cast_as("bigint")));
    }
    // One group more shows that there are further groups.
    select.limit(MAX_GROUPS + 1);
    let rows = reads.db()?.query_all(&select).await?;
    let most = usize::try_from(MAX_GROUPS).unwrap_or(usize::MAX);
    let groups = rows.iter().take(most).map(|row| group(query, row));
    let mut groups = groups.collect::<Result<Vec<_>>>()?;
    let budget = PageBudget {
        sizes: groups.iter().map(size).collect(),
        most: query.answer_limit(),
    };
    groups.truncate(budget.fitting([]));
    Ok(Stats {
        has_more: rows.len() > groups.len(),
        groups,
    })
}

/// Returns the most bytes that a group has as JSON.
fn size(group: &Group) -> u64 {
    let values = group.key.iter().chain(&group.min).chain(&group.max);
    let values = values.chain(&group.sum);
    let sizes = values.map(|(name, value)| {
        let value = match value {
            Datum::Text(text) => json_size(text),
            _ => SCALAR,
        };
        name.len() as u64 + 4 + value
    });
    FRAME + sizes.sum::<u64>()
}

/// Reads the columns in the order in which they were selected.
fn group<C: Readable>(query: &StatsQuery<C>, row: &QueryResult) -> Result<Group> {
    let mut place = 0;
    let mut next = || {
        place += 1;
        place - 1
    };
    let values = |fields: &[Field<Column<C>>], next: &mut dyn FnMut() -> usize| {
        let value =
            |field: &Field<Column<C>>| Ok((field.column.as_str(), datum(row, next(), field)?));
        fields.iter().map(value).collect::<Result<Values>>()
    };
    Ok(Group {
        key: values(&query.group_by, &mut next)?,
        count: if query.is_counted {
            Some(row.try_get_by_index(next())?)
        } else {
            None
        },
        min: values(&query.min, &mut next)?,
        max: values(&query.max, &mut next)?,
        sum: sums(&query.sum, row, &mut next)?,
    })
}

/// The divisor that splits an integer into two parts. The sums of the parts are exact even if the sum of the column exceeds 64
/// bits.
const PART: i64 = 1_000_000_000;

fn parts(field: &Expr) -> [Expr; 2] {
    [field.clone().div(PART), field.clone().modulo(PART)]
}

fn sums<C: ColumnTrait>(
    fields: &[Field<C>],
    row: &QueryResult,
    next: &mut dyn FnMut() -> usize,
) -> Result<Values> {
    let sum = |field: &Field<C>| {
        let mut part = || row.try_get_by_index::<Option<i64>>(next());
        let (high, low) = (part()?, part()?);
        let sum = high.zip(low);
        let sum = sum.map(|(high, low)| i128::from(high) * i128::from(PART) + i128::from(low));
        let places = match field.kind() {
            Some(ValueKind::Decimal(places)) => places,
            _ => 0,
        };
        let text = sum.map(|sum| Datum::Text(decimal::write(sum, places)));
        Ok((field.column.as_str(), text.unwrap_or(Datum::Null)))
    };
    fields.iter().map(sum).collect()
}

fn datum<C: ColumnTrait>(row: &QueryResult, at: usize, field: &Field<C>) -> Result<Datum> {
    let datum = match field.column.def().get_column_type() {
        ColumnType::SmallInteger => row
            .try_get_by_index::<Option<i16>>(at)?
            .map(|number| Datum::Integer(number.into())),
        ColumnType::Integer => row
            .try_get_by_index::<Option<i32>>(at)?
            .map(|number| Datum::Integer(number.into())),
        ColumnType::BigInteger => {
            row.try_get_by_index::<Option<i64>>(at)?
                .map(|number| match field.kind() {
                    Some(ValueKind::Decimal(places)) => Datum::Text(decimal::write(number, places)),
                    Some(ValueKind::Int64) => Datum::Text(number.to_string()),
                    _ => Datum::Integer(number),
                })
        }
        ColumnType::Float => row
            .try_get_by_index::<Option<f32>>(at)?
            .map(|number| Datum::Number(Float32::shortest(number))),
        ColumnType::Double => row.try_get_by_index::<Option<f64>>(at)?.map(Datum::Number),
        ColumnType::Date => row
            .try_get_by_index::<Option<Date>>(at)?
            .map(|date| Datum::Text(date.to_string())),
        ColumnType::Time => row
            .try_get_by_index::<Option<Time>>(at)?
            .map(|time| Datum::Text(time.to_string())),
        ColumnType::Uuid => row
            .try_get_by_index::<Option<Uuid>>(at)?
            .map(|uuid| Datum::Text(uuid.to_string())),
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
