//! Describes the members of a row as front ends need to know them: those that cannot be filtered by, too.
use sea_orm::{ColumnTrait, IdenStatic};
use serde_json::Value;

use super::{
    Column, Crud, Field, Readable, ValueKind,
    value::{is_bytes, is_json},
};

/// A member of a row that is a column.
#[expect(
    clippy::struct_excessive_bools,
    reason = "each is a property of its own"
)]
#[derive(Debug, Clone)]
pub struct Member {
    pub name: &'static str,
    pub kind: MemberKind,
    pub is_nullable: bool,
    /// Only the owner of a row and actors with the full read permission see it. Only the latter may filter and sort by it.
    pub is_private: bool,
    /// Its values may be large.
    pub is_long: bool,
    pub is_sortable: bool,
    /// The kind of its filter; `None` if rows cannot be filtered by it.
    pub filter: Option<ValueKind>,
    /// The minimum and maximum, as JSON.
    pub range: Option<(Value, Value)>,
}

/// What the values of a member are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum MemberKind {
    Value(ValueKind),
    Json,
    Bytes,
}

/// Returns the base columns and the declared fields.
pub fn members<C: Readable>() -> Vec<Member> {
    let base: Vec<_> = C::base().map(Field::public).collect();
    base.iter().chain(C::FIELDS).map(member).collect()
}

fn member<C: ColumnTrait>(field: &Field<C>) -> Member {
    let column = field.column.def();
    let stored = column.get_column_type();
    let kind = field.kind().unwrap_or(ValueKind::Opaque);
    let json = |number: i64| field.json(&number.into());
    Member {
        name: field.column.as_str(),
        kind: if is_json(stored) {
            MemberKind::Json
        } else if is_bytes(stored) {
            MemberKind::Bytes
        } else if kind == ValueKind::Opaque {
            MemberKind::Value(ValueKind::from_column_type(stored).unwrap_or(kind))
        } else {
            MemberKind::Value(kind)
        },
        is_nullable: column.is_null(),
        is_private: field.is_private,
        is_long: field.is_long,
        is_sortable: field.is_sortable(),
        filter: field.is_filterable().then_some(kind),
        range: field
            .range
            .map(|(least, greatest)| (json(least), json(greatest))),
    }
}

/// Returns the public field that names a row to people: the text that its slug is made of, its natural key, or its first short
/// text.
pub fn title_field<C: Crud>() -> Option<&'static str> {
    let source = C::GENERATED.map(|generated| generated.source.as_str());
    let key = || C::natural_key().map(|key| key.field);
    let is_title = |field: &&Field<Column<C>>| {
        !field.is_private && !field.is_long && field.kind() == Some(ValueKind::Text)
    };
    let text = || {
        let mut fields = C::FIELDS.iter();
        fields.find(is_title).map(|field| field.column.as_str())
    };
    source.or_else(key).or_else(text)
}
