//! Limits the size of the rows in an answer: a page reads and shows no more than its budget, but at least one row.
//!
//! Long texts of ordinary size are read with their rows. A row whose long texts exceed its share of the budget is first read
//! without them, but with their length. Once it is known which rows fit, their texts are read too.
use std::collections::HashMap;

use sea_orm::{
    ColumnTrait, FromQueryResult, IdenStatic, Iterable, ModelTrait, QueryFilter, QueryResult,
    QuerySelect, Select, Value,
    sea_query::{CaseStatement, Expr, ExprTrait, Func},
};

use super::base;
use crate::{
    Reads, Result,
    query::{ListQuery, Shape},
    resource::{
        Column, Columns, Found, Model, PageBudget, PrivateView, Readable, json_size,
        value::{is_json, is_text},
    },
};

/// The name of the column that holds the length of a row's long texts.
pub const OCTETS: &str = "octets";

/// The bytes of a row beside its declared fields: ids, times and punctuation.
pub const ROW: u64 = 256;

/// The most bytes of a number, time, UUID or boolean as JSON.
pub const SCALAR: u64 = 40;

/// A row of a page: its model, for the cursors, and the row to show, unless it was deleted while the page was read.
pub type Placed<C> = (
    Model<C>,
    Option<Found<<C as Readable>::Row, <C as Columns>::State>>,
);

/// A row as it was read, without its long texts if they are large.
pub struct Read<C: Readable> {
    model: Model<C>,
    octets: u64,
}

impl<C: Readable> Read<C> {
    /// Reads a row of a select that [`select`] made for this shape.
    pub fn new(row: &QueryResult, shape: &Shape) -> Result<Self> {
        let octets = if is_measured::<C>(shape) {
            row.try_get::<i64>("", OCTETS)?
        } else {
            0
        };
        Ok(Self {
            model: Model::<C>::from_query_result(row, "")?,
            octets: octets.unsigned_abs(),
        })
    }

    pub fn into_model(self) -> Model<C> {
        self.model
    }
}

/// A row that fits: as it was first read, and complete if it was first read without its long texts.
struct Fitting<C: Readable> {
    first: Model<C>,
    whole: Option<Option<Model<C>>>,
}

impl<C: Readable> Fitting<C> {
    /// Returns the row to show, or `None` if it was deleted between the two statements.
    fn shown(&self) -> Option<&Model<C>> {
        self.whole
            .as_ref()
            .map_or(Some(&self.first), Option::as_ref)
    }
}

/// Returns true if a select for this shape has the column [`OCTETS`].
pub fn is_measured<C: Readable>(shape: &Shape) -> bool {
    long_columns::<C>(shape).next().is_some()
}

/// Returns the long columns that are shown.
pub fn long_columns<C: Readable>(shape: &Shape) -> impl Iterator<Item = Column<C>> {
    let long = C::FIELDS.iter().filter(|field| field.is_long);
    let shown = long.filter(|field| !is_left_out::<C>(field.column, shape));
    shown.map(|field| field.column)
}

fn is_left_out<C: Readable>(column: Column<C>, shape: &Shape) -> bool {
    let name = column.as_str();
    let is_heavy = C::heavy_fields().any(|heavy| heavy == name);
    is_heavy && !shape.shows(name)
}

/// Selects the columns of a shape. A heavy column that it does not show is not read; an empty value takes its place.
///
/// With `inline_limit`, long texts are read if a row has at most this number of octets of them, and their length is always read.
pub fn select<C: Readable>(
    rows: Select<C::Entity>,
    shape: &Shape,
    inline_limit: Option<u64>,
) -> Select<C::Entity> {
    let long: Vec<_> = match inline_limit {
        Some(_) => long_columns::<C>(shape).collect(),
        None => Vec::new(),
    };
    if shape.fields.is_none() && long.is_empty() {
        return rows;
    }
    let octets = octets::<C>(&long);
    let is_small = octets.clone().lte(inline_limit.map(bound));
    let select = |rows: Select<C::Entity>, column: Column<C>| {
        let name = column.as_str();
        if is_left_out::<C>(column, shape) {
            rows.column_as(empty(column), name)
        } else if long.iter().any(|long| long.as_str() == name) {
            rows.column_as(column_or_empty(is_small.clone(), column), name)
        } else {
            rows.column(column)
        }
    };
    let rows = Column::<C>::iter().fold(rows.select_only(), select);
    if long.is_empty() {
        rows
    } else {
        rows.column_as(octets, OCTETS)
    }
}

/// Selects the columns of a shape from rows that [`select`] has measured already.
pub fn select_again<C: Readable>(rows: Select<C::Entity>, shape: &Shape) -> Select<C::Entity> {
    let rows = select::<C>(rows, shape, None);
    if is_measured::<C>(shape) {
        rows.column_as(Expr::col((C::name(), OCTETS)), OCTETS)
    } else {
        rows
    }
}

/// Returns the column if `condition` holds, and otherwise an empty text, no bytes, or the JSON value null.
pub fn column_or_empty(condition: Expr, column: impl ColumnTrait) -> Expr {
    // Literals without a type take the type of the column on PostgreSQL.
    let nothing = if is_json(column.def().get_column_type()) {
        "'null'"
    } else {
        "''"
    };
    CaseStatement::new()
        .case(condition, Expr::col(column.as_column_ref()))
        .finally(Expr::cust(nothing))
        .into()
}

/// Returns the value that takes the place of a column that is not read.
pub fn empty(column: impl ColumnTrait) -> Expr {
    if is_text(column.def().get_column_type()) {
        Expr::val("")
    } else {
        column_or_empty(Expr::cust("FALSE"), column)
    }
}

/// Returns the total length of texts in octets. Neither database reads a long text for that.
pub fn octets<C: Readable>(columns: &[Column<C>]) -> Expr {
    let length = |column: &Column<C>| {
        let field = Expr::col(column.as_column_ref());
        let field = if is_json(column.def().get_column_type()) {
            field.cast_as("text")
        } else {
            field
        };
        let length = Func::cust("octet_length").arg(field);
        Expr::from(Func::coalesce([length.into(), Expr::val(0_i64)]))
    };
    let lengths = columns.iter().map(length);
    lengths
        .reduce(ExprTrait::add)
        .unwrap_or_else(|| Expr::val(0_i64))
}

/// Converts a number of octets to the integer type of the databases.
pub fn bound(octets: u64) -> i64 {
    i64::try_from(octets).unwrap_or(i64::MAX)
}

/// Returns the first rows that fit into the budget of the query, complete, and whether any was omitted. `all` selects the rows
/// that the query may show.
pub async fn fit<C: Readable>(
    reads: &impl Reads,
    query: &ListQuery<C>,
    all: impl FnOnce() -> Select<C::Entity>,
    mut read: Vec<Read<C>>,
) -> Result<(Vec<Placed<C>>, bool)> {
    let (count, most) = (read.len(), query.budget());
    let sizes = read.iter().map(|row| ROW + row.octets).collect();
    read.truncate(PageBudget { sizes, most }.fitting([]));
    let mut rows = load_large_texts::<C>(reads, query, all, read).await?;
    let size = |row: &Fitting<C>| row.shown().map_or(0, |row| size::<C>(row, &query.shape));
    let mut budget = PageBudget {
        sizes: rows.iter().map(size).collect(),
        most,
    };
    rows.truncate(budget.fitting([]));
    let shown: Vec<_> = rows.iter().filter_map(Fitting::shown).cloned().collect();
    // A row that was deleted has no size.
    budget.sizes.truncate(rows.len());
    budget.sizes.retain(|size| *size > 0);
    let complete = C::load_within(reads, shown, &budget).await?;
    let mut is_over = complete.len() < budget.sizes.len();
    let mut complete = complete.into_iter();
    let view = PrivateView::new::<C>(reads.actor());
    let mut placed = Vec::with_capacity(rows.len());
    for row in rows {
        let found = match row.shown() {
            Some(model) => match complete.next() {
                Some(row) => Some(base::found_row::<C>(&view, model, row)),
                None => break,
            },
            None => None,
        };
        placed.push((row.first, found));
    }
    is_over |= placed.len() < count;
    Ok((placed, is_over))
}

/// Reads the rows whose long texts were not read before, with one further statement if there are any.
async fn load_large_texts<C: Readable>(
    reads: &impl Reads,
    query: &ListQuery<C>,
    all: impl FnOnce() -> Select<C::Entity>,
    read: Vec<Read<C>>,
) -> Result<Vec<Fitting<C>>> {
    let is_large = |row: &Read<C>| row.octets > query.inline_limit();
    let large = read.iter().filter(|row| is_large(row));
    let large: Vec<_> = large.map(|row| C::id(&row.model)).collect();
    let mut texts = HashMap::new();
    if !large.is_empty() {
        let rows = all().filter(C::ID.is_in(large));
        let rows = select::<C>(rows, &query.shape, None);
        let rows = rows.all(reads.db()?).await?.into_iter();
        texts.extend(rows.map(|row| (C::id(&row), row)));
    }
    let fitting = |row: Read<C>| Fitting {
        whole: is_large(&row).then(|| texts.remove(&C::id(&row.model))),
        first: row.model,
    };
    Ok(read.into_iter().map(fitting).collect())
}

/// Returns the most bytes that a row has as JSON.
fn size<C: Readable>(row: &Model<C>, shape: &Shape) -> u64 {
    let shown = C::FIELDS.iter().map(|field| field.column);
    let shown = shown.filter(|column| shape.shows(column.as_str()));
    let sizes = shown.map(|column| {
        let value = match row.get(column) {
            Value::String(Some(text)) => json_size(&text),
            Value::Json(Some(json)) => json.to_string().len() as u64,
            // Base64 has four characters for three bytes.
            Value::Bytes(Some(bytes)) => 2 + (bytes.len() as u64).div_ceil(3) * 4,
            _ => SCALAR,
        };
        // The name has quotes, a colon and a comma.
        column.as_str().len() as u64 + 4 + value
    });
    ROW + sizes.sum::<u64>()
}
