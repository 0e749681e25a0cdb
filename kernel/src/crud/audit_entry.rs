//! Makes the audit entry of a write from two versions of a row.
use sea_orm::{IdenStatic, ModelTrait};
use serde_json::{Map, Value, json};

use crate::{
    record::{AuditAction, Entry},
    resource::{Column, Crud, Field, Model},
};

impl Entry {
    /// Makes the entry of the declared fields that differ between two versions of a row. No secret is a declared field.
    pub fn diff<C: Crud>(action: AuditAction, before: Option<&Model<C>>, after: &Model<C>) -> Self {
        let mut entry = Self::new(C::name(), action, (C::id(after), C::version(after)));
        let mut has_new_text = false;
        for field in C::FIELDS {
            let from = before.map_or(Value::Null, |row| field.json(&row.get(field.column)));
            let to = field.json(&after.get(field.column));
            if from != to {
                has_new_text |= field.is_heavy;
                entry = if field.is_heavy {
                    entry.with_change(field.column.as_str(), json!({}))
                } else {
                    entry.with_values(field.column.as_str(), from, to)
                };
            }
        }
        entry.texts = has_new_text.then(|| texts::<C>(after));
        entry
    }
}

/// Returns the declared fields of a row.
pub fn declared_fields<C: Crud>(row: &Model<C>) -> Map<String, Value> {
    values::<C>(row, C::FIELDS.iter())
}

fn texts<C: Crud>(row: &Model<C>) -> Map<String, Value> {
    values::<C>(row, C::FIELDS.iter().filter(|field| field.is_heavy))
}

fn values<C: Crud>(
    row: &Model<C>,
    fields: impl Iterator<Item = &'static Field<Column<C>>>,
) -> Map<String, Value> {
    let value = |field: &Field<Column<C>>| {
        let name = field.column.as_str().to_owned();
        (name, field.json(&row.get(field.column)))
    };
    fields.map(value).collect()
}
