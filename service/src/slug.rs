//! Slugs: the readable name of a row, made from another column unless the client chooses one.
use std::collections::HashSet;

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IdenStatic,
    QueryResult, Value,
    sea_query::{Expr, ExprTrait, OnConflict, SelectStatement},
};

use crate::{
    Error, Result, Tx,
    crud::{Active, Column, Crud, Model, scope},
};

/// Characters; contract §3.
const MAX_LENGTH: usize = 100;
/// Names that others may take before us, one after the other.
const ATTEMPTS: usize = 32;
/// Names probed by one statement.
const PROBES: u64 = 16;

/// Where a resource keeps its slug, what it is made from, and what it is when nothing is left of that.
#[derive(Debug, Clone, Copy)]
pub struct Slug<C> {
    pub column: C,
    pub source: C,
    pub fallback: &'static str,
}

/// Inserts a row, with a free slug where the client chose none.
///
/// The plain slug is tried by the insert itself, so that the usual case costs no statement more.
pub async fn insert<C: Crud>(tx: &Tx, row: Active<C>) -> Result<Model<C>> {
    let made = C::SLUG.filter(|slug| row.is_not_set(slug.column));
    let Some(slug) = made else {
        return Ok(row.insert(tx).await?);
    };
    let plain = plain(&text(&row.get(slug.source)), slug.fallback);
    if let Some(done) = try_insert::<C>(tx, &row, slug.column, plain.clone()).await? {
        return Ok(done);
    }
    let rivals = [scope::live_ids(C::name())];
    for _ in 0..ATTEMPTS {
        let free = free(tx, slug.column, &plain, &rivals).await?;
        if let Some(done) = try_insert::<C>(tx, &row, slug.column, free).await? {
            return Ok(done);
        }
        // Another transaction took the same one in between, and has committed: it is seen now.
    }
    Err(Error::Contended(DbErr::RecordNotInserted))
}

async fn try_insert<C: Crud>(
    tx: &Tx,
    row: &Active<C>,
    column: Column<C>,
    slug: String,
) -> Result<Option<Model<C>>> {
    let mut row = row.clone();
    row.set(column, slug.into());
    let taken = OnConflict::column(column)
        .target_and_where(scope::is_live(C::name()))
        .do_nothing()
        .to_owned();
    // As a list: a single insert takes no row for a failure.
    let mut inserted = C::Entity::insert_many([row])
        .on_conflict(taken)
        .exec_with_returning(tx)
        .await?;
    Ok(inserted.pop())
}

/// A slug that had to change.
pub struct Rename {
    pub id: i64,
    pub column: &'static str,
    pub from: String,
    pub to: String,
}

/// Gives the rows of a deletion that are about to come back free slugs where theirs were taken meanwhile.
pub async fn make_room<C: Crud>(tx: &Tx, deletion: i64) -> Result<Vec<Rename>> {
    let mut renames = Vec::new();
    let Some(slug) = C::SLUG else {
        return Ok(renames);
    };
    let (table, column) = (C::name(), slug.column.as_str());
    let mut taken = scope::live_ids(table);
    taken.clear_selects().column((table, column));
    let colliding = scope::deleted_rows(table, "id")
        .column((table, column))
        .and_where(Expr::col((table, "deletion_id")).eq(deletion))
        .and_where(Expr::col((table, column)).in_subquery(taken))
        .take();
    // A number may be free among the live, and taken by a row that is about to come back too.
    let cohort = scope::deleted_rows(table, "id")
        .and_where(Expr::col((table, "deletion_id")).eq(deletion))
        .take();
    let rivals = [scope::live_ids(table), cohort];
    for row in tx.query_all(&colliding).await? {
        let (id, old): (i64, String) = (row.try_get("", "id")?, row.try_get("", column)?);
        let free = free(tx, slug.column, &old, &rivals).await?;
        let rename = scope::amend_deleted(table)
            .value(column, free.as_str())
            .and_where(Expr::col((table, "id")).eq(id))
            .take();
        tx.execute(&rename).await?;
        renames.push(Rename {
            id,
            column,
            from: old,
            to: free,
        });
    }
    Ok(renames)
}

/// What is left of a text in `[a-z0-9-]`.
fn plain(text: &str, fallback: &str) -> String {
    let slug = cut(&slug::slugify(text), MAX_LENGTH);
    if slug.is_empty() {
        fallback.to_owned()
    } else {
        slug
    }
}

/// `-2`, `-3` and so on, in a number of statements that grows with the logarithm of how many are taken by `rivals`.
async fn free(
    tx: &Tx,
    column: impl ColumnTrait,
    plain: &str,
    rivals: &[SelectStatement],
) -> Result<String> {
    let (mut last_taken, mut step) = (1, 1);
    loop {
        let numbers: Vec<u64> = (1..=PROBES).map(|i| last_taken + i * step).collect();
        let probes: Vec<_> = numbers
            .iter()
            .map(|number| numbered(plain, *number))
            .collect();
        let mut taken = HashSet::new();
        for rows in rivals {
            taken.extend(among(tx, column, rows.clone(), &probes).await?);
        }
        match numbers
            .iter()
            .position(|number| !taken.contains(&numbered(plain, *number)))
        {
            Some(first) if step == 1 => return Ok(numbered(plain, numbers[first])),
            // One that is free lies in the gap below: look there, more closely.
            Some(first) => {
                last_taken = numbers[first] - step;
                step = step.div_ceil(PROBES);
            }
            None => {
                last_taken = numbers[numbers.len() - 1];
                step *= PROBES;
            }
        }
    }
}

/// Which of these slugs some of these rows have.
async fn among(
    tx: &Tx,
    column: impl ColumnTrait,
    mut rows: SelectStatement,
    slugs: &[String],
) -> Result<HashSet<String>> {
    rows.clear_selects()
        .column(column.as_column_ref())
        .and_where(Expr::col(column.as_column_ref()).is_in(slugs));
    let read = |row: QueryResult| Ok(row.try_get("", column.as_str())?);
    tx.query_all(&rows).await?.into_iter().map(read).collect()
}

fn numbered(plain: &str, number: u64) -> String {
    let suffix = format!("-{number}");
    cut(plain, MAX_LENGTH - suffix.len()) + &suffix
}

fn cut(slug: &str, length: usize) -> String {
    slug.chars()
        .take(length)
        .collect::<String>()
        .trim_matches('-')
        .to_owned()
}

fn text(value: &ActiveValue<Value>) -> String {
    match value {
        ActiveValue::Set(Value::String(Some(text))) => text.clone(),
        _ => String::new(),
    }
}
