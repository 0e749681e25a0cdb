//! Reconstructs an earlier version of a row from the changes that were made since.
use std::cmp::Ordering;

use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};
use serde::Deserialize;
use serde_json::{Map, Value};

use super::audit_entry;
use crate::{
    Error, Result, Tx,
    entity::audit_entries::{Column, Entity, Model as Entry},
    json::MAX_SAFE,
    resource::{Crud, Model, scope},
};

/// The version whose values the row gets back.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RevertTarget {
    #[garde(range(min = 1, max = MAX_SAFE))]
    pub version: i64,
}

/// The number of entries that are read at a time.
const BATCH: u64 = 200;

const GONE: &str = "the history of this row no longer contains that version";

/// Returns the declared fields of a row, live or deleted, in a version of it. The parameter is the row's id and the version.
///
/// Fails with a conflict if the history no longer reaches back to that version.
pub async fn fields_at<C: Crud>(tx: &Tx, (id, version): (i64, i64)) -> Result<Map<String, Value>> {
    let all = scope::all::<C>();
    let now = all.filter(scope::has_id::<C>(id)).one(tx).await?;
    let now = now.ok_or(Error::NotFound)?;
    match version.cmp(&C::version(&now)) {
        Ordering::Equal => Ok(audit_entry::declared_fields::<C>(&now)),
        _ => state_at::<C>(tx, &now, version).await,
    }
}

/// Returns the declared fields in `version`, which is earlier than the current one. The row is locked.
///
/// Fails with a conflict if an entry in between was pruned or erased.
pub async fn state_at<C: Crud>(
    tx: &Tx,
    now: &Model<C>,
    version: i64,
) -> Result<Map<String, Value>> {
    let mut state = audit_entry::declared_fields::<C>(now);
    let mut needs_text = false;
    let mut next = C::version(now);
    let mut before = i64::MAX;
    loop {
        let entries = entries_of_row::<C>(now)
            .filter(Column::Version.gt(version))
            .filter(Column::Id.lt(before))
            .order_by_desc(Column::Id)
            .limit(BATCH)
            .all(tx)
            .await?;
        let Some(last) = entries.last() else { break };
        before = last.id;
        for Entry {
            version, changes, ..
        } in &entries
        {
            // The entries go backwards, one version after the other; some entries belong to no new version.
            match version.cmp(&next) {
                Ordering::Equal => next -= 1,
                Ordering::Greater => {}
                Ordering::Less => return Err(Error::conflict(GONE)),
            }
            let changes = changes.as_deref().ok_or(Error::conflict(GONE))?;
            let changes: Map<String, Value> =
                serde_json::from_str(changes).map_err(Error::internal)?;
            for (field, mut change) in changes {
                match change.get_mut("from") {
                    Some(from) => {
                        state.insert(field, from.take());
                    }
                    None => needs_text = true,
                }
            }
        }
    }
    if next != version {
        return Err(Error::conflict(GONE));
    }
    if needs_text {
        state.extend(texts_at::<C>(tx, now, version).await?);
    }
    Ok(state)
}

async fn texts_at<C: Crud>(tx: &Tx, now: &Model<C>, version: i64) -> Result<Map<String, Value>> {
    let entry = entries_of_row::<C>(now)
        .filter(Column::Version.lte(version))
        .filter(Column::Texts.is_not_null())
        .order_by_desc(Column::Id)
        .one(tx)
        .await?;
    if let Some(texts) = entry.and_then(|entry| entry.texts) {
        return serde_json::from_str(&texts).map_err(Error::internal);
    }
    // A row that was created without a heavy value has no texts until one is set. The oldest entries are pruned first, so the
    // first one shows that none is missing.
    let created = entries_of_row::<C>(now).filter(Column::Version.eq(1));
    if created.one(tx).await?.is_none() {
        return Err(Error::conflict(GONE));
    }
    let heavy = C::heavy_fields().map(|field| (field.to_owned(), Value::Null));
    Ok(heavy.collect())
}

fn entries_of_row<C: Crud>(row: &Model<C>) -> sea_orm::Select<Entity> {
    scope::plain::<Entity>()
        .filter(Column::Resource.eq(C::name()))
        .filter(Column::ResourceId.eq(C::id(row)))
}
