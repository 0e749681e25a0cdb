//! Rows on their way into a table, with free slugs where the client chose none.
//!
//! The first statement tries the plain slugs, so that the usual case costs nothing more; the second numbers those that
//! are taken. What is left collides with something else, or with another transaction at this moment: those rows are
//! inserted one by one, which tells with what.
use std::collections::{BTreeMap, HashMap, HashSet, VecDeque};

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, DbErr, EntityTrait, IdenStatic, Iterable, Value,
    sea_query::OnConflict,
};

use super::answer;
use crate::{
    Error, Result, Tx,
    crud::{Active, Column, Crud, Model, base, scope, unique},
    database::taken,
    slug,
};

/// Names that others may take before us, one after the other.
const ATTEMPTS: usize = 32;

/// A row that is not there yet.
struct Pending<C: Crud> {
    place: usize,
    row: Active<C>,
    /// What its slug is made from, where the client chose none.
    plain: Option<String>,
}

pub async fn insert<C: Crud>(
    tx: &Tx,
    rows: Vec<Result<Active<C>>>,
) -> Result<Vec<Result<Model<C>>>> {
    let mut answers = BTreeMap::new();
    let mut pending = Vec::with_capacity(rows.len());
    for (place, row) in rows.into_iter().enumerate() {
        match row {
            Ok(row) => pending.push(Pending::<C>::new(place, row)),
            Err(refusal) => drop(answers.insert(place, Err(refusal))),
        }
    }
    number(tx, &mut pending).await?;
    let mut seen = HashSet::new();
    let is_first = |new: &Pending<C>| new.plain.clone().is_none_or(|plain| seen.insert(plain));
    let (firsts, others): (Vec<_>, Vec<_>) = pending.into_iter().partition(is_first);

    let left = insert_all(tx, firsts, &mut answers).await?;
    let left = left.into_iter().chain(others);
    let (mut ours, chosen): (Vec<_>, Vec<_>) = left.partition(|new| new.plain.is_some());
    ours.sort_by_key(|new| new.place);
    rename(tx, &mut ours).await?;
    let left = insert_all(tx, ours, &mut answers).await?;
    let chosen = refuse_taken(tx, chosen, &mut answers).await?;
    for new in left.into_iter().chain(chosen) {
        answers.insert(new.place, insert_alone(tx, new).await?);
    }
    Ok(answers.into_values().collect())
}

impl<C: Crud> Pending<C> {
    fn new(place: usize, mut row: Active<C>) -> Self {
        let made = C::SLUG.filter(|slug| row.is_not_set(slug.column));
        let plain = made.map(|slug| slug.plain(&row.get(slug.source)));
        if let (Some(slug), Some(plain)) = (made, &plain) {
            row.set(slug.column, plain.as_str().into());
        }
        Self { place, row, plain }
    }

    /// What is left to the defaults of the table. A nullable column has none: it is NULL.
    fn defaults(&mut self) -> Vec<Column<C>> {
        let nothing = Active::<C>::default_values();
        let left = Column::<C>::iter().filter(|column| self.row.is_not_set(*column));
        let (nullable, defaults): (Vec<_>, Vec<_>) =
            left.partition(|column| column.def().is_null());
        for column in nullable {
            if let ActiveValue::Set(null) = nothing.get(column) {
                self.row.set(column, null);
            }
        }
        defaults
    }
}

/// Gives several rows their ids beforehand: what a statement returns is in no order that the databases promise.
async fn number<C: Crud>(tx: &Tx, pending: &mut [Pending<C>]) -> Result<()> {
    if pending.len() > 1 {
        let ids = scope::next_ids(tx, C::name(), pending.len()).await?;
        let column = base::column::<C::Entity>("id");
        for (new, id) in pending.iter_mut().zip(ids) {
            new.row.set(column, id.into());
        }
    }
    Ok(())
}

/// Numbers the slugs that are taken.
async fn rename<C: Crud>(tx: &Tx, pending: &mut [Pending<C>]) -> Result<()> {
    let Some(slug) = C::SLUG.filter(|_| !pending.is_empty()) else {
        return Ok(());
    };
    let mut wanted: BTreeMap<String, usize> = BTreeMap::new();
    for plain in pending.iter().filter_map(|new| new.plain.clone()) {
        *wanted.entry(plain).or_default() += 1;
    }
    let rivals = [scope::live_ids(C::name())];
    let mut free = slug::free(tx, slug.column, wanted, &rivals).await?;
    for new in pending {
        let names = new.plain.as_ref().and_then(|plain| free.get_mut(plain));
        if let Some(name) = names.and_then(VecDeque::pop_front) {
            new.row.set(slug.column, name.into());
        }
    }
    Ok(())
}

/// Refuses rows whose slug is taken, by one statement; gives back those that collide with something else.
async fn refuse_taken<C: Crud>(
    tx: &Tx,
    chosen: Vec<Pending<C>>,
    answers: &mut BTreeMap<usize, Result<Model<C>>>,
) -> Result<Vec<Pending<C>>> {
    let Some(slug) = C::SLUG.filter(|_| chosen.len() > 1) else {
        return Ok(chosen);
    };
    let slugs: Vec<_> = chosen
        .iter()
        .map(|new| slug::text(&new.row.get(slug.column)).to_owned())
        .collect();
    let theirs = slug::among(tx, slug.column, scope::live_ids(C::name()), &slugs).await?;
    let mut left = Vec::new();
    for (new, name) in chosen.into_iter().zip(slugs) {
        if theirs.contains(&name) {
            answers.insert(new.place, Err(taken(slug.column.as_str())));
        } else {
            left.push(new);
        }
    }
    Ok(left)
}

/// Inserts those rows that collide with nothing; gives back the others.
async fn insert_all<C: Crud>(
    tx: &Tx,
    pending: Vec<Pending<C>>,
    answers: &mut BTreeMap<usize, Result<Model<C>>>,
) -> Result<Vec<Pending<C>>> {
    let mut alike: BTreeMap<Vec<&str>, Vec<Pending<C>>> = BTreeMap::new();
    for mut new in pending {
        let defaults = new.defaults();
        let names = defaults.iter().map(IdenStatic::as_str).collect();
        alike.entry(names).or_default().push(new);
    }
    let mut left = Vec::new();
    for new in alike.into_values() {
        let rows = new.iter().map(|new| new.row.clone()).collect();
        let mut inserted = insert_free::<C>(tx, rows).await?;
        let is_alone = new.len() == 1;
        for new in new {
            let id = base::column::<C::Entity>("id");
            let done = match new.row.get(id).into_value() {
                Some(Value::BigInt(Some(id))) => inserted.remove(&id),
                _ if is_alone => inserted.drain().next().map(|(_, row)| row),
                _ => None,
            };
            match done {
                Some(row) => drop(answers.insert(new.place, Ok(row))),
                None => left.push(new),
            }
        }
    }
    Ok(left)
}

/// By their ids. All rows leave the same columns to the table.
async fn insert_free<C: Crud>(tx: &Tx, rows: Vec<Active<C>>) -> Result<HashMap<i64, Model<C>>> {
    let columns = Column::<C>::iter().count();
    let mut inserted = HashMap::new();
    for rows in scope::portions(&rows, columns) {
        let insert = C::Entity::insert_many(rows.iter().cloned());
        let insert = insert.on_conflict(OnConflict::new().do_nothing().to_owned());
        let done = insert.exec_with_returning(tx).await?;
        inserted.extend(done.into_iter().map(|row| (base::id::<C>(&row), row)));
    }
    Ok(inserted)
}

/// A row that collides says with what; one whose slug we chose takes another.
async fn insert_alone<C: Crud>(tx: &Tx, mut new: Pending<C>) -> Result<Result<Model<C>>> {
    let insert = async { Ok(new.row.clone().insert(tx).await?) };
    let done = answer(tx.attempt(insert).await)?;
    if new.plain.is_none() || !done.as_ref().is_err_and(is_about_slug::<C>) {
        return match done {
            Err(refusal) => Ok(Err(unique::name_all::<C>(tx, &new.row, refusal).await?)),
            done => Ok(done),
        };
    }
    for _ in 0..ATTEMPTS {
        rename(tx, std::slice::from_mut(&mut new)).await?;
        let inserted = insert_free::<C>(tx, vec![new.row.clone()]).await?;
        if let Some(row) = inserted.into_values().next() {
            return Ok(Ok(row));
        }
        // Another transaction took the same one in between, and has committed: it is seen now.
    }
    Err(Error::Contended(DbErr::RecordNotInserted))
}

fn is_about_slug<C: Crud>(refusal: &Error) -> bool {
    let Error::Conflict { refusals, .. } = refusal else {
        return false;
    };
    let slug = C::SLUG.map(|slug| format!("/{}", slug.column.as_str()));
    refusals
        .iter()
        .any(|refusal| Some(&refusal.at) == slug.as_ref())
}
