//! Slugs: the readable name of a row, made from another column unless the client chooses one.
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use sea_orm::{
    ActiveValue, ColumnTrait, ConnectionTrait, IdenStatic, QueryResult, Value,
    sea_query::{Expr, ExprTrait, Order, SelectStatement},
};

use crate::{
    Error, Result, Tx,
    crud::{Crud, scope},
};

/// Characters; contract §3.
const MAX_LENGTH: usize = 100;
/// Names of one search that are probed by one statement.
const PROBES: usize = 16;
/// Rows that get another slug by one statement, when a deletion is undone.
const RENAMES: u64 = 256;

/// Where a resource keeps its slug, what it is made from, and what it is when nothing is left of that.
#[derive(Debug, Clone, Copy)]
pub struct Slug<C> {
    pub column: C,
    pub source: C,
    pub fallback: &'static str,
}

impl<C> Slug<C> {
    /// What is left of a text in `[a-z0-9-]`.
    pub(crate) fn plain(&self, source: &ActiveValue<Value>) -> String {
        let slug = cut(&slug::slugify(text(source)), MAX_LENGTH);
        match slug.is_empty() {
            true => self.fallback.to_owned(),
            false => slug,
        }
    }
}

/// What a column is set to; empty where it is not.
pub fn text(value: &ActiveValue<Value>) -> &str {
    match value {
        ActiveValue::Set(Value::String(Some(text))) => text,
        _ => "",
    }
}

/// A slug that had to change.
pub struct Rename {
    pub id: i64,
    pub column: &'static str,
    pub from: String,
    pub to: String,
}

/// Finds free slugs for rows of a deletion that come back, where theirs were taken meanwhile: for some of them at a time,
/// and for none when no collision is left.
pub async fn make_room<C: Crud>(
    tx: &Tx,
    deletion: i64,
    mut rows: SelectStatement,
) -> Result<Vec<Rename>> {
    let Some(slug) = C::SLUG else {
        return Ok(Vec::new());
    };
    let (table, column) = (C::name(), slug.column.as_str());
    let mut taken = scope::live_ids(table);
    taken.clear_selects().column((table, column));
    rows.column((table, column))
        .and_where(Expr::col((table, column)).in_subquery(taken))
        .order_by((table, "id"), Order::Asc)
        .limit(RENAMES);
    let read = |row: QueryResult| Ok((row.try_get("", "id")?, row.try_get("", column)?));
    let colliding = tx.query_all(&rows).await?.into_iter().map(read);
    let colliding: Vec<(i64, String)> = colliding.collect::<Result<_>>()?;
    // A number may be free among the live, and taken by a row that is about to come back too.
    let cohort = scope::deleted_rows(table, "id")
        .and_where(Expr::col((table, "deletion_id")).eq(deletion))
        .take();
    let wanted = colliding.iter().map(|(_, old)| (old.clone(), 1)).collect();
    let mut free = free(tx, slug.column, wanted, &[scope::live_ids(table), cohort]).await?;
    let rename = |(id, from): (i64, String)| {
        let to = free.get_mut(&from).and_then(VecDeque::pop_front);
        let to = to.ok_or_else(|| Error::bug("no free slug was found"))?;
        Ok(Rename {
            id,
            column,
            from,
            to,
        })
    };
    colliding.into_iter().map(rename).collect()
}

/// A search for free names after a plain one: `-2`, `-3` and so on.
struct Search {
    plain: String,
    wanted: usize,
    found: VecDeque<String>,
    last_taken: u64,
    step: u64,
}

/// So many free names for each plain one, in a number of statements that grows with the logarithm of how many are taken
/// by `rivals`, and does not depend on how many plain ones there are.
pub async fn free(
    tx: &Tx,
    column: impl ColumnTrait,
    wanted: BTreeMap<String, usize>,
    rivals: &[SelectStatement],
) -> Result<HashMap<String, VecDeque<String>>> {
    let mut searches: Vec<_> = wanted.into_iter().map(Search::new).collect();
    let mut claimed = HashSet::new();
    while searches.iter().any(|search| !search.is_done()) {
        let open = searches.iter_mut().filter(|search| !search.is_done());
        let open: Vec<_> = open.map(|search| (search.numbers(), search)).collect();
        let probes = open
            .iter()
            .flat_map(|(numbers, search)| search.names(numbers));
        let probes: Vec<_> = probes.collect();
        let mut taken = HashSet::new();
        for rows in rivals {
            for probes in probes.chunks(scope::PARAMETERS) {
                taken.extend(among(tx, column, rows.clone(), probes).await?);
            }
        }
        for (numbers, search) in open {
            // Two long ones may be cut to the same.
            let is_free = |name: &String| !taken.contains(name) && !claimed.contains(name);
            search.learn(&numbers, is_free);
            claimed.extend(search.found.iter().cloned());
        }
    }
    let found = searches
        .into_iter()
        .map(|search| (search.plain, search.found));
    Ok(found.collect())
}

impl Search {
    fn new((plain, wanted): (String, usize)) -> Self {
        Self {
            plain,
            wanted,
            found: VecDeque::new(),
            last_taken: 1,
            step: 1,
        }
    }

    fn is_done(&self) -> bool {
        self.found.len() >= self.wanted
    }

    /// The next ones to look at.
    fn numbers(&self) -> Vec<u64> {
        let count = match self.step {
            1 => PROBES.max(self.wanted - self.found.len()),
            _ => PROBES,
        };
        (1..=count as u64)
            .map(|i| self.last_taken + i * self.step)
            .collect()
    }

    fn names(&self, numbers: &[u64]) -> Vec<String> {
        numbers
            .iter()
            .map(|number| numbered(&self.plain, *number))
            .collect()
    }

    fn learn(&mut self, numbers: &[u64], is_free: impl Fn(&String) -> bool) {
        let last = numbers.last().copied().unwrap_or(self.last_taken);
        let names = self.names(numbers);
        match names.iter().position(&is_free) {
            Some(_) if self.step == 1 => {
                let missing = self.wanted - self.found.len();
                self.found
                    .extend(names.into_iter().filter(is_free).take(missing));
                self.last_taken = last;
            }
            // One that is free lies in the gap below: look there, more closely.
            Some(first) => {
                self.last_taken = numbers[first] - self.step;
                self.step = self.step.div_ceil(PROBES as u64);
            }
            None => {
                self.last_taken = last;
                self.step *= PROBES as u64;
            }
        }
    }
}

/// Which of these slugs some of these rows have.
pub async fn among(
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
