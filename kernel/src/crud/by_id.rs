//! The statement that reads a row by its id. Its text and its other values follow from the resource and from the rights of the
//! actor, so it is kept for the next ids.
use std::{any::TypeId, rc::Rc};

use sea_orm::{ConnectionTrait, DbBackend, QueryFilter, QueryTrait, Statement, sea_query::Values};

use super::size;
use crate::{
    Reads, Result,
    access::Rights,
    kept::Kept,
    query::Shape,
    resource::{Deleted, Readable, scope},
};

thread_local! {
    static STATEMENTS: Kept<Key, Rc<Statement>> = Kept::new();
}

#[derive(PartialEq, Eq, Hash)]
struct Key {
    resource: TypeId,
    rights: Rights,
    deleted: Deleted,
    is_postgres: bool,
}

/// Returns the statement that reads the row with this id if the actor sees it.
pub fn statement<C: Readable>(reads: &impl Reads, id: i64, shape: &Shape) -> Result<Statement> {
    let backend = reads.db()?.get_database_backend();
    let build = || {
        let rows = scope::visible::<C>(reads.actor(), shape.deleted);
        let rows = size::select::<C>(rows, shape, None);
        // The id is the last value.
        rows.filter(scope::has_id::<C>(id)).build(backend)
    };
    // Clients may choose any set of fields.
    if shape.fields.is_some() {
        return Ok(build());
    }
    let key = Key {
        resource: TypeId::of::<C>(),
        rights: reads.rights(),
        deleted: shape.deleted,
        is_postgres: backend == DbBackend::Postgres,
    };
    let kept = STATEMENTS.with(|kept| kept.get(key, || Rc::new(build())));
    Ok(with_id(&kept, id))
}

/// Returns the same statement for another id.
fn with_id(kept: &Statement, id: i64) -> Statement {
    let mut statement = kept.clone();
    let values = statement.values.as_mut();
    if let Some(last) = values.and_then(|Values(values)| values.last_mut()) {
        *last = id.into();
    }
    statement
}
