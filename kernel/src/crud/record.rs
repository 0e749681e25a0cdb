//! The audit entry of a write: what differs between two versions of a row.
use chrono::SecondsFormat;
use sea_orm::{IdenStatic, ModelTrait, Value as Bound, sea_query::sea_value_to_json_value};
use serde_json::{Map, Value, json};

use super::{Column, Crud, Field, Model};
use crate::record::{Did, Entry};

impl Entry {
    /// Makes the entry of the declared fields that differ between two versions of a row. No secret is a declared field.
    pub fn between<C: Crud>(did: Did, before: Option<&Model<C>>, after: &Model<C>) -> Self {
        let mut entry = Self::of(C::name(), did, (C::id(after), C::version(after)));
        let mut has_new_text = false;
        for field in C::FIELDS {
            let from = before.map_or(Value::Null, |row| json_of(&row.get(field.column)));
            let to = json_of(&after.get(field.column));
            if from != to {
                has_new_text |= field.is_heavy;
                entry = match field.is_heavy {
                    true => entry.with(field.column.as_str(), json!({})),
                    false => entry.changing(field.column.as_str(), from, to),
                };
            }
        }
        entry.texts = has_new_text.then(|| texts::<C>(after));
        entry
    }
}

/// The declared fields of a row.
pub fn fields<C: Crud>(row: &Model<C>) -> Map<String, Value> {
    values::<C>(row, C::FIELDS.iter())
}

fn texts<C: Crud>(row: &Model<C>) -> Map<String, Value> {
    values::<C>(row, C::FIELDS.iter().filter(|field| field.is_heavy))
}

fn values<C: Crud>(
    row: &Model<C>,
    fields: impl Iterator<Item = &'static Field<Column<C>>>,
) -> Map<String, Value> {
    let value = |column: Column<C>| (column.as_str().to_owned(), json_of(&row.get(column)));
    fields.map(|field| value(field.column)).collect()
}

/// As the API shows it.
fn json_of(value: &Bound) -> Value {
    match value {
        Bound::ChronoDateTimeWithTimeZone(Some(time)) => {
            let utc = time.to_utc();
            utc.to_rfc3339_opts(SecondsFormat::Micros, true).into()
        }
        value => sea_value_to_json_value(value),
    }
}
