//! Large fields of entries: kept once for each version, and put where `from` and `to` are read.
use std::collections::HashMap;

use ::entity::{audit::Model, audit_entries::Entity};
use sea_orm::{
    ConnectionTrait, QueryResult,
    sea_query::{Expr, ExprTrait, Order, SelectStatement},
};
use serde_json::{Map, Value, json};

use crate::{Error, Reads, Result, crud::scope};

/// An entry with its changes as they are shown.
#[derive(Debug)]
pub struct AuditRow {
    pub entry: Model,
    /// By field, `from` and `to`. None once they were erased.
    pub changes: Option<Map<String, Value>>,
}

impl From<Model> for AuditRow {
    fn from(entry: Model) -> Self {
        let changes = entry.changes.as_deref();
        let changes = changes.and_then(|changes| serde_json::from_str(changes).ok());
        Self { entry, changes }
    }
}

impl AuditRow {
    fn large_fields(&mut self) -> impl Iterator<Item = (&String, &mut Value)> {
        let changes = self.changes.iter_mut().flatten();
        changes.filter(|(_, change)| change.as_object().is_some_and(Map::is_empty))
    }
}

/// The texts of an entry's version, and those of the version before.
type Pair = [Map<String, Value>; 2];

/// In one statement, and in none where no large field changed.
pub async fn load(reads: &impl Reads, entries: Vec<Model>) -> Result<Vec<AuditRow>> {
    let mut rows: Vec<_> = entries.into_iter().map(AuditRow::from).collect();
    let ids = rows.iter_mut().filter_map(|row| {
        let id = row.entry.id;
        row.large_fields().next().map(|_| id)
    });
    let ids: Vec<_> = ids.collect();
    if ids.is_empty() {
        return Ok(rows);
    }
    let pairs = pairs(reads.db()?, ids).await?;
    for row in &mut rows {
        let Some([before, after]) = pairs.get(&row.entry.id) else {
            continue;
        };
        for (field, change) in row.large_fields() {
            *change = json!({ "from": before.get(field), "to": after.get(field) });
        }
    }
    Ok(rows)
}

async fn pairs(db: &impl ConnectionTrait, ids: Vec<i64>) -> Result<HashMap<i64, Pair>> {
    let texts = scope::plain_as::<Entity>("entry")
        .columns([("entry", "id"), ("entry", "texts")])
        .expr_as(Expr::SubQuery(None, Box::new(before().into())), "before")
        .and_where(Expr::col(("entry", "id")).is_in(ids))
        .take();
    let rows = db.query_all(&texts).await?;
    rows.iter().map(pair).collect()
}

fn pair(row: &QueryResult) -> Result<(i64, Pair)> {
    let texts = |column| {
        let text: Option<String> = row.try_get("", column)?;
        let texts = text.and_then(|text| serde_json::from_str(&text).ok());
        Ok::<_, Error>(texts.unwrap_or_default())
    };
    Ok((row.try_get("", "id")?, [texts("before")?, texts("texts")?]))
}

/// The texts that the same row had before an entry.
fn before() -> SelectStatement {
    let earlier = |column: &'static str| Expr::col(("earlier", column));
    scope::plain_as::<Entity>("earlier")
        .column(("earlier", "texts"))
        .and_where(earlier("resource").equals(("entry", "resource")))
        .and_where(earlier("resource_id").equals(("entry", "resource_id")))
        .and_where(earlier("id").lt(Expr::col(("entry", "id"))))
        .and_where(earlier("texts").is_not_null())
        .order_by(("earlier", "id"), Order::Desc)
        .limit(1)
        .take()
}
