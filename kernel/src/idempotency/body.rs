//! Reduces the bodies of stored answers: by the values that the history has too, and by the members that a caller may not see.
use sea_orm::IdenStatic;
use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use serde_with::serde_as;

use crate::{Crud, Error, Result, Tx, crud::revert};

/// The members of a JSON object, in their order.
#[serde_as]
#[derive(Serialize, Deserialize)]
struct Members(#[serde_as(as = "serde_with::Map<_, _>")] Vec<(String, Value)>);

impl Members {
    fn parse(body: &str) -> Result<Self> {
        serde_json::from_str(body).map_err(Error::internal)
    }

    fn to_text(&self) -> Result<String> {
        serde_json::to_string(self).map_err(Error::internal)
    }
}

fn is_declared<C: Crud>(name: &str) -> bool {
    let mut fields = C::FIELDS.iter();
    fields.any(|field| field.column.as_str() == name)
}

/// Returns true if only callers with the full view of a row see this member.
fn is_private<C: Crud>(name: &str) -> bool {
    let mut private = C::FIELDS.iter().filter(|field| field.is_private);
    C::COMPUTED.contains(&name) || private.any(|field| field.column.as_str() == name)
}

/// Removes the values of the fields from the body, because the history of the row has them.
pub fn without_fields<C: Crud>(body: &str) -> Result<String> {
    let mut members = Members::parse(body)?;
    for (name, value) in &mut members.0 {
        if is_declared::<C>(name) {
            *value = Value::Null;
        }
    }
    members.to_text()
}

/// Puts the values back that [`without_fields`] removed. `row` is the id and the version of the row.
///
/// Fails with a conflict if the history no longer reaches back to that version.
pub async fn with_fields<C: Crud>(tx: &Tx, body: &str, row: (i64, i64)) -> Result<String> {
    let mut fields: Map<String, Value> = revert::fields_at::<C>(tx, row).await?;
    let mut members = Members::parse(body)?;
    for (name, value) in &mut members.0 {
        if is_declared::<C>(name) {
            *value = fields.remove(name.as_str()).unwrap_or_default();
        }
    }
    members.to_text()
}

/// Removes the members that only callers with the full view see.
pub fn remove_private_members<C: Crud>(body: &str) -> Result<String> {
    let mut members = Members::parse(body)?;
    members.0.retain(|(name, _)| !is_private::<C>(name));
    members.to_text()
}
