//! What a list may be filtered and sorted by, for whoever describes the API.
use sea_orm::{ColumnTrait, IdenStatic};

use super::{
    base_names, declared,
    filter::{OPERATORS, TEXT_OPERATORS},
    value::ValueKind,
};
use crate::crud::{Column, Field, Readable};

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

/// Those that a field of this kind takes.
pub fn operators(kind: ValueKind) -> Vec<&'static str> {
    let takes = |operator: &&str| kind == ValueKind::Text || !TEXT_OPERATORS.contains(operator);
    OPERATORS.into_iter().filter(takes).collect()
}

/// The fields of a resource itself.
pub fn declared_fields<C: Readable>() -> Vec<Filterable> {
    let declares = C::FIELDS.iter().map(|field| field.column.as_str());
    let names = base_names::<C>().chain(declares);
    let field = |name: &str| {
        let field = declared::<C>(name)?;
        Some(Filterable {
            name: name.to_owned(),
            kind: ValueKind::of(field.column.def().get_column_type())?,
            is_sortable: field.is_sortable(),
            private_of: field.is_private.then(C::name),
        })
    };
    names.filter_map(field).collect()
}

/// Those, and the fields of its owners.
pub fn filterable<C: Readable>() -> Vec<Filterable> {
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
pub fn searched<C: Readable>() -> Vec<&'static str> {
    C::SEARCH.iter().map(IdenStatic::as_str).collect()
}

/// What is wrong with the declaration of a resource: columns whose values have no order on both databases alike.
pub fn unsupported_fields<C: Readable>() -> Vec<String> {
    let problem = |field: &Field<Column<C>>| {
        let column = field.column.def();
        let column = column.get_column_type();
        let is_fine = !field.is_comparable || ValueKind::of(column).is_some();
        (!is_fine).then(|| {
            format!(
                "{}.{} has the type {column:?}, which cannot be filtered and sorted by: declare it with Field::opaque",
                C::name(),
                field.column.as_str()
            )
        })
    };
    C::FIELDS.iter().filter_map(problem).collect()
}
