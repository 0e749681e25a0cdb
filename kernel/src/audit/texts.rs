//! Large fields of entries. They are stored once per version, and read into `from` and `to`.
use std::collections::HashMap;

use sea_orm::{
    ConnectionTrait, QueryResult,
    sea_query::{CaseStatement, Expr, ExprTrait, Func, JoinType, Order, SelectStatement},
};
use serde_json::{Map, Value, json};

use crate::{
    Error, Reads, Result,
    audit::view::Model,
    crud::size::{OCTETS, bound},
    entity::audit_entries::Entity,
    resource::{PageBudget, scope},
};

/// An entry with its changes as they are shown.
#[derive(Debug)]
pub struct AuditRow {
    pub entry: Model,
    /// The `from` and `to` of each field. `None` if they were erased.
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

/// The texts of the version before an entry, and of the entry's version.
type Pair = [Map<String, Value>; 2];

/// The texts of an entry, if they are small enough, and their length.
struct Texts {
    octets: u64,
    pair: Option<Pair>,
}

/// Loads the large fields with one statement, or with none if no large field changed. If texts are too large to be read before
/// it is known which entries fit into the budget, a second statement reads them.
pub async fn load(
    reads: &impl Reads,
    entries: Vec<Model>,
    budget: &PageBudget,
) -> Result<Vec<AuditRow>> {
    let mut rows: Vec<_> = entries.into_iter().map(AuditRow::from).collect();
    let ids = rows.iter_mut().filter_map(|row| {
        let id = row.entry.id;
        row.large_fields().next().map(|_| id)
    });
    let ids: Vec<_> = ids.collect();
    if ids.is_empty() {
        return Ok(rows);
    }
    let db = reads.db()?;
    let inline_limit = budget.most / ids.len() as u64;
    let mut texts = texts(db, ids, inline_limit).await?;
    let octets = |row: &AuditRow| texts.get(&row.entry.id).map_or(0, |texts| texts.octets);
    rows.truncate(budget.fitting(rows.iter().map(octets)));
    let left_out = |row: &AuditRow| {
        let texts = texts.get(&row.entry.id)?;
        texts.pair.is_none().then_some(row.entry.id)
    };
    let left_out: Vec<_> = rows.iter().filter_map(left_out).collect();
    if !left_out.is_empty() {
        texts.extend(self::texts(db, left_out, u64::MAX).await?);
    }
    for row in &mut rows {
        let texts = texts.get(&row.entry.id);
        let Some([before, after]) = texts.and_then(|texts| texts.pair.as_ref()) else {
            continue;
        };
        for (field, change) in row.large_fields() {
            *change = json!({ "from": before.get(field), "to": after.get(field) });
        }
    }
    Ok(rows)
}

/// Returns the texts by the ids of entries. The texts themselves are read only if they have at most `inline_limit` octets.
async fn texts(
    db: &impl ConnectionTrait,
    ids: Vec<i64>,
    inline_limit: u64,
) -> Result<HashMap<i64, Texts>> {
    let [after, before] = ["entry", "earlier"].map(|table| Expr::col((table, "texts")));
    let length = |texts: &Expr| {
        let length = Func::cust("octet_length").arg(texts.clone());
        Expr::from(Func::coalesce([length.into(), Expr::val(0_i64)]))
    };
    let octets = length(&after).add(length(&before));
    let is_small = octets.clone().lte(bound(inline_limit));
    let only_small =
        |texts: Expr| -> Expr { CaseStatement::new().case(is_small.clone(), texts).into() };
    let newest_before = Expr::SubQuery(None, Box::new(before_entry().into()));
    let rows = scope::plain_as::<Entity>("entry")
        .join_as(
            JoinType::LeftJoin,
            Entity,
            "earlier",
            Expr::col(("earlier", "id")).eq(newest_before),
        )
        .column(("entry", "id"))
        .expr_as(octets, OCTETS)
        .expr_as(is_small.clone(), "is_small")
        .expr_as(only_small(after), "after")
        .expr_as(only_small(before), "before")
        .and_where(Expr::col(("entry", "id")).is_in(ids))
        .take();
    let rows = db.query_all(&rows).await?;
    rows.iter().map(read).collect()
}

fn read(row: &QueryResult) -> Result<(i64, Texts)> {
    let texts = |column| {
        let text: Option<String> = row.try_get("", column)?;
        let texts = text.and_then(|text| serde_json::from_str(&text).ok());
        Ok::<_, Error>(texts.unwrap_or_default())
    };
    let pair = if row.try_get("", "is_small")? {
        Some([texts("before")?, texts("after")?])
    } else {
        None
    };
    let octets = row.try_get::<i64>("", OCTETS)?.unsigned_abs();
    Ok((row.try_get("", "id")?, Texts { octets, pair }))
}

/// Selects the last entry with texts of the same row before an entry.
fn before_entry() -> SelectStatement {
    let other = |column: &'static str| Expr::col(("other", column));
    scope::plain_as::<Entity>("other")
        .column(("other", "id"))
        .and_where(other("resource").equals(("entry", "resource")))
        .and_where(other("resource_id").equals(("entry", "resource_id")))
        .and_where(other("id").lt(Expr::col(("entry", "id"))))
        .and_where(other("texts").is_not_null())
        .order_by(("other", "id"), Order::Desc)
        .limit(1)
        .take()
}
