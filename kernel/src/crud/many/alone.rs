//! Creates one row on PostgreSQL with one statement, which locks the owner and inserts the row, its words and its audit entry.
//!
//! The words and the entry are made of the values that are sent, before the row has an id. What this cannot do is left to the
//! ordinary way: rows with several owners, columns with a default of their table, rules that read, tables whose triggers change
//! new rows, and texts of the client that are taken.
use sea_orm::{
    ActiveModelTrait, ColumnTrait, ConnectionTrait, DbBackend, DbErr, FromQueryResult, IdenStatic,
    Iterable, ModelTrait, Value,
    sea_query::{
        CommonTableExpression, Expr, ExprTrait, InsertStatement, OnConflict, Query,
        SelectStatement, SubQueryStatement, WithClause,
    },
};

use super::{create::check, insert::Pending, refusal_as_answer};
use crate::{
    Error, Reads, Result, Tx,
    crud::owners,
    query,
    record::{self, Entry},
    resource::{Active, Column, Crud, Model, VARIATIONS, scope},
};

/// The names of the locked owner and of the new row in the statement.
const OWNER: &str = "owner";
const NEW: &str = "new";

/// Returns the row that was created, or `None` if nothing was: the ordinary way then creates the row, or finds out why it must
/// be refused.
pub async fn create<C: Crud>(tx: &Tx, row: &Active<C>) -> Result<Option<Model<C>>> {
    let is_possible = tx.get_database_backend() == DbBackend::Postgres
        && tx.is_recorded()
        && !tx.has_entries()
        && !C::ADDS_TO_ENTRY
        && !tx.kernel().step_by_step.contains(C::name());
    if !is_possible {
        return Ok(None);
    }
    let mut owners = owners::locks_for_create::<C>(tx, row)?;
    let owner = owners.pop();
    let mut row = row.clone();
    let run_before = tx.statements();
    let checked = refusal_as_answer(check::<C>(tx, &mut row).await)?;
    if tx.statements() != run_before {
        // A rule may only read owners that are locked.
        tx.kernel().step_by_step.add(C::name());
        return Ok(None);
    }
    let mut new = Pending::<C>::new(0, row);
    let defaults = new.defaults();
    let has_only_id = defaults.iter().map(IdenStatic::as_str).eq([C::ID.as_str()]);
    if checked.is_err() || !owners.is_empty() || !has_only_id {
        return Ok(None);
    }
    for attempt in 0..=VARIATIONS {
        if let Some(place) = attempt.checked_sub(1) {
            new.vary(place);
        }
        let created = insert::<C>(tx, &new.row, owner.as_ref()).await?;
        if created.is_some() || new.generated.is_none() {
            return Ok(created);
        }
    }
    Ok(None)
}

/// Inserts the row unless it collides or its owner is missing. Fails with a conflict, so that the transaction runs again, if the
/// table changes the values that it is given.
async fn insert<C: Crud>(
    tx: &Tx,
    row: &Active<C>,
    owner: Option<&SelectStatement>,
) -> Result<Option<Model<C>>> {
    let value = |column: Column<C>| row.get(column).into_value().unwrap_or(Value::BigInt(None));
    let entry = Entry::of_new::<C>(value);
    let (entry_values, bytes) = record::values(tx.author(), &entry)?;
    let words_table = format!("{}_search", C::name());
    let mut parts = WithClause::new();
    let mut part = |name: &'static str, query: SubQueryStatement| {
        let part = CommonTableExpression::new()
            .table_name(name)
            .query(query)
            .to_owned();
        parts.cte(part);
    };
    if let Some(owner) = owner {
        part(OWNER, owner.clone().into());
    }
    part(NEW, insert_row::<C>(row, owner.is_some())?.into());
    part("entry", insert_entry(entry_values)?.into());
    if !C::SEARCH.is_empty() {
        let words = Expr::val(query::words_of::<C>(value));
        let words = scope::near_rows_of(NEW)
            .column((NEW, "id"))
            .expr(words.cast_as("tsvector"))
            .take();
        let mut insert = scope::insert_into(words_table.clone());
        insert.columns(["id", "words"]);
        insert.select_from(words).map_err(Error::internal)?;
        part("words", insert.into());
    }
    let mut created = scope::near_rows_of(NEW);
    for column in Column::<C>::iter() {
        created.expr_as(column.select_as(Expr::col((NEW, column))), column.as_str());
    }
    let statement = DbBackend::Postgres.build(&created.with(parts));
    let tables = [C::name(), "audit_entries", &words_table];
    let Some(row) = tx.query_one_writing(statement, &tables).await? else {
        return Ok(None);
    };
    let created = Model::<C>::from_query_result(&row, "")?;
    let sent = C::FIELDS.iter().map(|field| field.column);
    let mut sent = sent.chain(C::SEARCH.iter().copied());
    if sent.any(|column| created.get(column) != value(column)) {
        tx.kernel().step_by_step.add(C::name());
        return Err(Error::Contended(DbErr::RecordNotInserted));
    }
    tx.note_stored(&entry, C::id(&created), bytes);
    Ok(Some(created))
}

fn insert_row<C: Crud>(row: &Active<C>, has_owner: bool) -> Result<InsertStatement> {
    let (mut columns, mut values) = (Vec::new(), scope::select_without_table());
    for column in Column::<C>::iter() {
        if let Some(value) = row.get(column).into_value() {
            columns.push(column);
            values.expr(column.save_as(Expr::val(value)));
        }
    }
    if has_owner {
        values.from(OWNER).and_where(Expr::col((OWNER, "fits")));
    }
    let mut insert = scope::insert(C::name());
    insert.columns(columns);
    insert.select_from(values).map_err(Error::internal)?;
    let all = Query::returning().columns(Column::<C>::iter());
    Ok(insert
        .on_conflict(OnConflict::new().do_nothing().to_owned())
        .returning(all)
        .take())
}

fn insert_entry<const N: usize>(columns: [(&'static str, Value); N]) -> Result<InsertStatement> {
    let names = columns.iter().map(|(name, _)| *name);
    let mut insert = scope::insert("audit_entries");
    insert.columns(["resource_id"].into_iter().chain(names));
    let values = columns.into_iter().map(|(_, value)| Expr::val(value));
    let of_row = scope::near_rows_of(NEW)
        .column((NEW, "id"))
        .exprs(values)
        .take();
    insert.select_from(of_row).map_err(Error::internal)?;
    Ok(insert)
}
