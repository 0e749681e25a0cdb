//! Makes the audit entry of a write from two versions of a row.
use sea_orm::{IdenStatic, ModelTrait, Value as Stored};
use serde_json::{Map, Value, json};

use crate::{
    record::{AuditAction, Entry},
    resource::{Column, Crud, Field, Model},
};

impl Entry {
    /// Makes the entry of the declared fields that differ between two versions of a row. No secret is a declared field.
    pub fn diff<C: Crud>(action: AuditAction, before: Option<&Model<C>>, after: &Model<C>) -> Self {
        let place = (C::id(after), C::version(after));
        Self::of::<C>(action, place, before, |column| after.get(column))
    }

    /// Makes the entry of a new row from its values, before the database has assigned its id.
    pub fn of_new<C: Crud>(value: impl Fn(Column<C>) -> Stored) -> Self {
        Self::of::<C>(AuditAction::Created, (0, 1), None, value)
    }

    fn of<C: Crud>(
        action: AuditAction,
        place: (i64, i64),
        before: Option<&Model<C>>,
        after: impl Fn(Column<C>) -> Stored,
    ) -> Self {
        let mut entry = Self::new(C::name(), action, place);
        let mut has_new_text = false;
        for field in C::FIELDS {
            let from = before.map_or(Value::Null, |row| field.json(&row.get(field.column)));
            let to = field.json(&after(field.column));
            if from != to {
                has_new_text |= field.is_heavy;
                entry = if field.is_heavy {
                    entry.with_change(field.column.as_str(), json!({}))
                } else {
                    entry.with_values(field.column.as_str(), from, to)
                };
            }
        }
        let texts = || values::<C>(after, C::FIELDS.iter().filter(|field| field.is_heavy));
        entry.texts = has_new_text.then(texts);
        entry
    }
}

/// Returns the declared fields of a row.
pub fn declared_fields<C: Crud>(row: &Model<C>) -> Map<String, Value> {
    values::<C>(|column| row.get(column), C::FIELDS.iter())
}

fn values<C: Crud>(
    value: impl Fn(Column<C>) -> Stored,
    fields: impl Iterator<Item = &'static Field<Column<C>>>,
) -> Map<String, Value> {
    let named = |field: &Field<Column<C>>| {
        let name = field.column.as_str().to_owned();
        (name, field.json(&value(field.column)))
    };
    fields.map(named).collect()
}
