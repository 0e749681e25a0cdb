//! What a list may be filtered and sorted by, for whoever describes the API.
use sea_orm::{ColumnTrait, ColumnType, IdenStatic};

use super::{
    BASE_FIELDS, declared,
    filter::{OPERATORS, TEXT_OPERATORS},
    value,
};
use crate::crud::Crud;

/// A field that a client may name in the query string.
#[derive(Debug, Clone)]
pub struct Filterable {
    /// `title`, or `author.username` one relation away.
    pub name: String,
    pub kind: ValueKind,
    /// Whether rows may be sorted and grouped by it.
    pub is_sortable: bool,
    /// The resource whose full read permission naming it takes.
    pub private_of: Option<&'static str>,
}

/// How a value is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ValueKind {
    Integer,
    Boolean,
    Time,
    Text,
}

/// Those that a field of this kind takes.
pub fn operators(kind: ValueKind) -> Vec<&'static str> {
    let takes = |operator: &&str| kind == ValueKind::Text || !TEXT_OPERATORS.contains(operator);
    OPERATORS.into_iter().filter(takes).collect()
}

/// The fields of a resource itself.
pub fn declared_fields<C: Crud>() -> Vec<Filterable> {
    let declares = C::FIELDS.iter().map(|field| field.column.as_str());
    let names = BASE_FIELDS.into_iter().chain(declares);
    let field = |name: &str| {
        let field = declared::<C>(name).ok()?;
        Some(Filterable {
            name: name.to_owned(),
            kind: kind(field.column.def().get_column_type()),
            is_sortable: field.is_sortable(),
            private_of: field.is_private.then(C::name),
        })
    };
    names.filter_map(field).collect()
}

/// Those, and the fields of its owners.
pub fn filterable<C: Crud>() -> Vec<Filterable> {
    let related = C::owners().into_iter().flat_map(|owner| {
        let relation = owner.relation().unwrap_or_default();
        let fields = (owner.declared)().into_iter();
        fields.map(move |field| Filterable {
            name: format!("{relation}.{}", field.name),
            ..field
        })
    });
    declared_fields::<C>().into_iter().chain(related).collect()
}

/// The columns that `q` looks into, the weightiest first.
pub fn searched<C: Crud>() -> Vec<&'static str> {
    C::SEARCH.iter().map(IdenStatic::as_str).collect()
}

fn kind(column: &ColumnType) -> ValueKind {
    match column {
        ColumnType::BigInteger | ColumnType::Integer => ValueKind::Integer,
        ColumnType::Boolean => ValueKind::Boolean,
        ColumnType::TimestampWithTimeZone => ValueKind::Time,
        column => {
            debug_assert!(value::is_text(column), "describe {column:?} here");
            ValueKind::Text
        }
    }
}
