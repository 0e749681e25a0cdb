//! Inserts rows, and varies the generated texts that are taken.
//!
//! The first statement uses the texts as they are made, so that the usual case costs nothing more. Each of the next two varies
//! the texts that are taken. The remaining rows collide with something else: they are inserted one by one, so that each refusal
//! names the collision.
use std::collections::{BTreeMap, HashMap, HashSet};

use sea_orm::{
    ActiveModelTrait, ActiveValue, ColumnTrait, ConnectionTrait, DbErr, EntityTrait, IdenStatic,
    Iterable, QueryResult, Value,
    sea_query::{Expr, ExprTrait, OnConflict},
};

use super::refusal_as_answer;
use crate::{
    Error, Result, Tx,
    crud::unique,
    database::value_taken,
    resource::{Active, Column, Crud, Model, VARIATIONS, scope},
};

/// A row that is not in the table yet.
pub struct Pending<C: Crud> {
    place: usize,
    pub row: Active<C>,
    /// The text that the service generated for the row; `None` if the client sent one.
    pub generated: Option<String>,
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
    assign_ids(tx, &mut pending).await?;
    let left = insert_all(tx, pending, &mut answers).await?;
    let (mut generated, written): (Vec<_>, Vec<_>) =
        left.into_iter().partition(|new| new.generated.is_some());
    for attempt in 0..VARIATIONS {
        for new in &mut generated {
            new.vary(attempt);
        }
        generated = insert_all(tx, generated, &mut answers).await?;
    }
    let written = refuse_taken(tx, written, &mut answers).await?;
    for new in generated.into_iter().chain(written) {
        answers.insert(new.place, insert_alone(tx, new).await?);
    }
    Ok(answers.into_values().collect())
}

impl<C: Crud> Pending<C> {
    pub fn new(place: usize, mut row: Active<C>) -> Self {
        let made = C::GENERATED.filter(|generated| row.is_not_set(generated.column));
        let generated = made.map(|generated| {
            let text = (generated.make)(text(&row.get(generated.source)));
            row.set(generated.column, text.as_str().into());
            text
        });
        Self {
            place,
            row,
            generated,
        }
    }

    pub fn vary(&mut self, attempt: usize) {
        if let (Some(generated), Some(text)) = (C::GENERATED, &self.generated) {
            let varied = (generated.vary)(text, attempt);
            self.row.set(generated.column, varied.into());
        }
    }

    /// Returns the columns that are left to the defaults of the table, and sets the nullable ones to NULL.
    pub fn defaults(&mut self) -> Vec<Column<C>> {
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

/// Returns the text that a column is set to, or an empty text if it is not set.
fn text(value: &ActiveValue<Value>) -> &str {
    match value {
        ActiveValue::Set(Value::String(Some(text))) => text,
        _ => "",
    }
}

/// Assigns ids to several rows before the insert, because the databases do not promise the order of returned rows.
async fn assign_ids<C: Crud>(tx: &Tx, pending: &mut [Pending<C>]) -> Result<()> {
    if pending.len() > 1 {
        let ids = scope::next_ids(tx, C::name(), pending.len()).await?;
        let column = C::ID;
        for (new, id) in pending.iter_mut().zip(ids) {
            new.row.set(column, id.into());
        }
    }
    Ok(())
}

/// Refuses, with one statement, the rows whose text the client sent and another row has. Returns the other rows.
async fn refuse_taken<C: Crud>(
    tx: &Tx,
    written: Vec<Pending<C>>,
    answers: &mut BTreeMap<usize, Result<Model<C>>>,
) -> Result<Vec<Pending<C>>> {
    let Some(column) = C::GENERATED.map(|generated| generated.column) else {
        return Ok(written);
    };
    if written.len() < 2 {
        return Ok(written);
    }
    let texts = written
        .iter()
        .map(|new| text(&new.row.get(column)).to_owned());
    let rows = scope::live_ids(C::name())
        .clear_selects()
        .column(column.as_column_ref())
        .and_where(Expr::col(column.as_column_ref()).is_in(texts))
        .take();
    let read = |row: QueryResult| Ok(row.try_get("", column.as_str())?);
    let found = tx.query_all(&rows).await?.into_iter().map(read);
    let found: HashSet<String> = found.collect::<Result<_>>()?;
    let mut left = Vec::new();
    for new in written {
        if found.contains(text(&new.row.get(column))) {
            answers.insert(new.place, Err(value_taken(column.as_str())));
        } else {
            left.push(new);
        }
    }
    Ok(left)
}

/// Inserts the rows that do not collide, and returns the others.
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
            let id = C::ID;
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

/// Inserts the rows that do not collide and returns them by their ids. All rows leave the same columns to the table.
async fn insert_free<C: Crud>(tx: &Tx, rows: Vec<Active<C>>) -> Result<HashMap<i64, Model<C>>> {
    let columns = Column::<C>::iter().count();
    let mut inserted = HashMap::new();
    for rows in scope::portions(&rows, columns) {
        let insert = C::Entity::insert_many(rows.iter().cloned());
        let insert = insert.on_conflict(OnConflict::new().do_nothing().to_owned());
        let done = insert.exec_with_returning(tx).await?;
        inserted.extend(done.into_iter().map(|row| (C::id(&row), row)));
    }
    Ok(inserted)
}

/// Inserts a row that collides, so that the refusal names the collision. A taken generated text is not the client's fault: the
/// transaction is retried.
async fn insert_alone<C: Crud>(tx: &Tx, new: Pending<C>) -> Result<Result<Model<C>>> {
    let insert = async { Ok(new.row.clone().insert(tx).await?) };
    match refusal_as_answer(tx.attempt(insert).await)? {
        Err(refusal) if new.generated.is_some() && is_generated_taken::<C>(&refusal) => {
            Err(Error::Contended(DbErr::RecordNotInserted))
        }
        Err(refusal) => Ok(Err(unique::name_all::<C>(tx, &new.row, refusal).await?)),
        done => Ok(done),
    }
}

fn is_generated_taken<C: Crud>(refusal: &Error) -> bool {
    C::GENERATED.is_some_and(|generated| generated.named().is_taken(refusal))
}
