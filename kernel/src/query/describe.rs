//! Describes the fields that a list may be filtered and sorted by.
use sea_orm::{ColumnTrait, IdenStatic};
use serde_json::Value;

use super::{
    base_names, declared_field,
    filter::{OPERATORS, TEXT_OPERATORS},
    value::ValueKind,
};
use crate::crud::{Column, Field, Form, Readable, size};

/// A field that a client may name in the query string.
#[derive(Debug, Clone)]
pub struct Filterable {
    /// `title`, or `author.username` for a field of an owner.
    pub name: String,
    pub kind: ValueKind,
    /// True if rows may be sorted and grouped by it.
    pub is_sortable: bool,
    /// True if its values can be added up.
    pub has_sum: bool,
    /// The minimum and maximum, as JSON.
    pub range: Option<(Value, Value)>,
    /// The resource whose full read permission a caller needs to name the field.
    pub private_of: Option<&'static str>,
}

/// Returns the operators that work on a field of this kind.
pub fn operators(kind: ValueKind) -> Vec<&'static str> {
    let takes = |operator: &&str| match kind {
        ValueKind::Text => true,
        ValueKind::Opaque => *operator == "is_null",
        _ => !TEXT_OPERATORS.contains(operator),
    };
    OPERATORS.into_iter().filter(takes).collect()
}

/// Returns the fields of a resource itself.
pub fn declared_fields<C: Readable>() -> Vec<Filterable> {
    let declares = C::FIELDS.iter().map(|field| field.column.as_str());
    let names = base_names::<C>().chain(declares);
    let field = |name: &str| {
        let field = declared_field::<C>(name)?;
        let json = |number: i64| field.json(&number.into());
        Some(Filterable {
            name: name.to_owned(),
            kind: field.kind()?,
            is_sortable: field.is_sortable(),
            has_sum: field.has_sum(),
            range: field
                .range
                .map(|(least, greatest)| (json(least), json(greatest))),
            private_of: field.is_private.then(C::name),
        })
    };
    names.filter_map(field).collect()
}

/// Returns the fields of a resource and of its owners.
pub fn filterable_fields<C: Readable>() -> Vec<Filterable> {
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

/// Returns the fields whose values are JSON of any type.
pub fn json_fields<C: Readable>() -> Vec<&'static str> {
    let fields = C::FIELDS.iter();
    let json = fields.filter(|field| size::is_json(field.column.def().get_column_type()));
    json.map(|field| field.column.as_str()).collect()
}

/// Returns the columns that `q` searches, the most important first.
pub fn searched_columns<C: Readable>() -> Vec<&'static str> {
    C::SEARCH.iter().map(IdenStatic::as_str).collect()
}

/// Returns the faults in the declaration of a resource: columns whose values the two databases order differently.
pub fn unsupported_fields<C: Readable>() -> Vec<String> {
    let problem = |field: &Field<Column<C>>| {
        let column = field.column.def();
        let column = column.get_column_type();
        let problem = match (field.kind(), field.form) {
            (None, Form::Decimal(_)) => {
                "cannot hold a decimal of up to 18 digits: declare Field::decimal of a big_integer column"
            }
            (None, Form::OneOf(_)) => {
                "cannot hold a text enumeration: declare Field::one_of of a text column"
            }
            (None, Form::Plain) => {
                "cannot be filtered and sorted by: declare it with Field::opaque"
            }
            (Some(_), _) if field.is_long && !size::is_text(&field.column) => {
                "is neither text nor JSON nor bytes: take away long() and heavy()"
            }
            (Some(_), _) => return None,
        };
        let (name, field) = (C::name(), field.column.as_str());
        Some(format!(
            "{name}.{field} has the type {column:?}, which {problem}"
        ))
    };
    C::FIELDS.iter().filter_map(problem).collect()
}
