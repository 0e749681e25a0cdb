//! Describes the fields of a resource: those that a client may filter and sort by, and those that a declaration may not have.
use sea_orm::{ColumnTrait, IdenStatic};
use serde_json::Value;

use super::{
    Column, Deleted, Encoding, Field, Readable,
    value::{self, OPERATORS, ValueKind},
};

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
    /// The table and the column.
    pub column: (&'static str, &'static str),
    pub(crate) is_nullable: bool,
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
            column: (C::name(), field.column.as_str()),
            is_nullable: field.column.def().is_null(),
        })
    };
    names.filter_map(field).collect()
}

/// Returns the fields of a resource and of its owners.
pub fn filterable_fields<C: Readable>() -> Vec<Filterable> {
    let related = C::owners().into_iter().flat_map(|owner| {
        let relation = owner.relation().unwrap_or_default();
        let fields = (owner.fields)().into_iter();
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
    let json = fields.filter(|field| value::is_json(field.column.def().get_column_type()));
    json.map(|field| field.column.as_str()).collect()
}

/// Returns the columns that `q` searches, the most important first.
pub fn searched_columns<C: Readable>() -> Vec<&'static str> {
    C::SEARCH.iter().map(IdenStatic::as_str).collect()
}

/// Returns the faults in the declaration of a resource, such as columns whose values the two databases order differently.
pub fn unsupported_fields<C: Readable>() -> Vec<String> {
    let problem = |field: &Field<Column<C>>| {
        let column = field.column.def();
        let column = column.get_column_type();
        let problem = match (field.kind(), field.encoding) {
            (None, Encoding::Decimal(_)) => {
                "cannot hold a decimal of up to 18 digits: declare Field::decimal of a big_integer column"
            }
            (None, Encoding::OneOf(_)) => {
                "cannot hold a text enumeration: declare Field::one_of of a text column"
            }
            (None, Encoding::Plain) => {
                "cannot be filtered and sorted by: declare it with Field::opaque"
            }
            (Some(_), _) if field.is_long && !value::is_unbounded(&field.column) => {
                "is neither text nor JSON nor bytes: take away long() and heavy()"
            }
            (Some(_), _) => return None,
        };
        let (name, field) = (C::name(), field.column.as_str());
        Some(format!(
            "{name}.{field} has the type {column:?}, which {problem}"
        ))
    };
    let is_operator = |field: &&Field<Column<C>>| OPERATORS.contains(&field.column.as_str());
    let named = C::FIELDS.iter().filter(is_operator).map(|field| {
        let (name, field) = (C::name(), field.column.as_str());
        format!("{name}.{field} has the name of an operator of filters: rename the column")
    });
    C::FIELDS.iter().filter_map(problem).chain(named).collect()
}

/// The base columns on which every resource has an index of its live rows.
const INDEXED: [&str; 2] = ["id", "created_at"];

/// Returns the fields by which an index sorts the live rows. Deleted rows are indexed by id only.
pub fn indexed_fields<C: Readable>(deleted: Deleted) -> Vec<&'static str> {
    let declared = C::FIELDS
        .iter()
        .filter(|field| field.is_indexed && !field.is_private);
    let declared = declared.map(|field| field.column.as_str());
    match deleted {
        Deleted::Exclude => INDEXED.into_iter().chain(declared).collect(),
        Deleted::Include | Deleted::Only => vec!["id"],
    }
}

/// Returns the fields that every caller may name and that `is_meant` accepts, the base columns first.
pub fn public_fields<C: Readable>(
    is_meant: impl Fn(&Field<Column<C>>) -> bool,
) -> Vec<&'static str> {
    let base: Vec<_> = C::base().map(Field::public).collect();
    let fields = base.iter().chain(C::FIELDS);
    let meant = fields.filter(|field| !field.is_private && is_meant(field));
    meant.map(|field| field.column.as_str()).collect()
}

pub fn base_names<C: Readable>() -> impl Iterator<Item = &'static str> {
    C::base().map(|column| column.as_str())
}

/// Returns the declaration of a field.
pub fn declared_field<C: Readable>(name: &str) -> Option<Field<Column<C>>> {
    if let Some(column) = C::base_column(name) {
        return Some(Field::public(column));
    }
    let mut fields = C::FIELDS.iter().filter(|field| field.is_filterable());
    fields.find(|field| field.column.as_str() == name).copied()
}

/// Returns the members that a client may ask for by name.
pub fn member_names<C: Readable>() -> Vec<&'static str> {
    let columns = C::FIELDS.iter().map(|field| field.column.as_str());
    base_names::<C>()
        .chain(C::SOFT_DELETES.then_some("deleted_at"))
        .chain(columns)
        .chain(C::COMPUTED.iter().copied())
        .collect()
}
