//! Stores audit entries with one statement per 5,000 entries.
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::{ConnectionTrait, DbBackend, Statement, Value};
use serde::Serialize;

use super::Entry;
use crate::{Error, Result, clock::now};

/// The most entries of one statement. Their values are one parameter, which PostgreSQL limits to 1 GB.
const BATCH: usize = 5_000;

const INSERT: &str = "INSERT INTO audit_entries \
    (created_at, actor_id, request_id, resource, resource_id, action, version, changes, texts, salt) ";

const FIELDS_POSTGRES: &str = "(resource text, resource_id bigint, action text, version bigint, changes text, texts text, salt text)";

/// An entry in the form that the statement reads.
#[derive(Serialize)]
struct Row {
    resource: &'static str,
    resource_id: i64,
    action: &'static str,
    version: i64,
    /// JSON as a text, so that its bytes stay the same.
    changes: String,
    texts: Option<String>,
    /// 128 random bits. Without them, an erased value could be guessed by comparing digests.
    salt: String,
}

impl Row {
    fn new(entry: &Entry) -> Result<Self> {
        let text = |value: &_| serde_json::to_string(value).map_err(Error::internal);
        Ok(Self {
            resource: entry.resource,
            resource_id: entry.resource_id,
            action: entry.action.as_str(),
            version: entry.version,
            changes: text(&entry.changes)?,
            texts: entry.texts.as_ref().map(text).transpose()?,
            salt: BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
        })
    }

    /// Returns the bytes of the values that the entry stores. An entry without values counts as nothing, so that signing out
    /// is always possible.
    fn size(&self) -> u64 {
        let texts = self.texts.as_ref().map_or(0, String::len);
        match self.changes.as_str() {
            "{}" => texts as u64,
            changes => (changes.len() + texts) as u64,
        }
    }
}

/// The user who made a change, and the id of the request.
#[derive(Debug, Clone, Copy)]
pub struct Author<'a> {
    pub user_id: Option<i64>,
    pub request_id: Option<&'a str>,
}

/// Stores entries in their order, and returns how many bytes of changed values they contain. The statement `first` runs before
/// them and is sent together with the first entries.
pub async fn store(
    db: &impl ConnectionTrait,
    author: Author<'_>,
    entries: &[Entry],
    mut first: Option<Statement>,
) -> Result<u64> {
    let mut bytes = 0;
    for batch in entries.chunks(BATCH) {
        let rows: Vec<_> = batch.iter().map(Row::new).collect::<Result<_>>()?;
        bytes += rows.iter().map(Row::size).sum::<u64>();
        let rows = serde_json::to_string(&rows).map_err(Error::internal)?;
        let values = [
            now().into(),
            author.user_id.into(),
            author.request_id.into(),
            rows.into(),
        ];
        let insert = insert(db.get_database_backend(), first.take(), values);
        db.execute_raw(insert).await?;
    }
    Ok(bytes)
}

/// Returns the columns and values of an entry without the id of its row, and how many bytes of changed values it contains.
pub fn values(author: Author<'_>, entry: &Entry) -> Result<([(&'static str, Value); 9], u64)> {
    let row = Row::new(entry)?;
    let bytes = row.size();
    let values = [
        ("created_at", now().into()),
        ("actor_id", author.user_id.into()),
        ("request_id", author.request_id.into()),
        ("resource", row.resource.into()),
        ("action", row.action.into()),
        ("version", row.version.into()),
        ("changes", row.changes.into()),
        ("texts", row.texts.into()),
        ("salt", row.salt.into()),
    ];
    Ok((values, bytes))
}

/// Returns the INSERT of entries, after another statement. PostgreSQL takes several statements with values only as one; sqlx
/// sends SQLite one after the other, each with its part of the values.
fn insert(backend: DbBackend, first: Option<Statement>, values: [Value; 4]) -> Statement {
    let (first, mut all) = match first {
        Some(Statement { sql, values, .. }) => {
            (Some(sql), values.map_or_else(Vec::new, |all| all.0))
        }
        None => (None, Vec::new()),
    };
    let [at, actor, request, rows] = [1, 2, 3, 4].map(|place| all.len() + place);
    all.extend(values);
    let by = format!("{INSERT}SELECT ${at}, ${actor}, ${request}, ");
    let sql = match (backend, first) {
        (DbBackend::Postgres, first) => {
            let with = first.map_or_else(String::new, |first| format!("WITH first AS ({first}) "));
            format!(
                "{with}{by}e.resource, e.resource_id, e.action, e.version, e.changes, e.texts, e.salt \
                FROM json_to_recordset(${rows}::json) AS e {FIELDS_POSTGRES}"
            )
        }
        (_, first) => {
            let first = first.map_or_else(String::new, |first| format!("{first}; "));
            format!(
                "{first}{by}value ->> 'resource', value ->> 'resource_id', value ->> 'action', value ->> 'version', \
                value ->> 'changes', value ->> 'texts', value ->> 'salt' FROM json_each(${rows})"
            )
        }
    };
    Statement::from_sql_and_values(backend, sql, all)
}
