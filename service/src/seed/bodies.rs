//! Bodies of new rows, from the sample that a table declares.
use std::ops::Range;

use serde_json::Value;

use super::sample::{Parent, last_id, pick_any, sample};
use kernel::{Code, Error, Result, Session, registry::Table, resource::everything};

/// Makes bodies for one table, which name rows that exist.
pub struct Bodies {
    name: &'static str,
    sample: fn(&str) -> Value,
    /// The number of the first body, which no row had before.
    first: i64,
    /// The foreign keys, each with the rows to choose from.
    owners: Vec<(&'static str, Vec<Parent>)>,
    /// The column of the user who owns a row.
    author: Option<&'static str>,
}

impl Bodies {
    /// Fails with [`Error::Invalid`] if a table that the rows refer to is empty.
    pub async fn new(session: &Session, table: &Table) -> Result<Self> {
        let name = table.name;
        let make = table.sample;
        let make = make.ok_or_else(|| Error::bug(format!("{name} declares no sample")))?;
        let mut owners = Vec::new();
        for owner in &table.owners {
            let rows = sample(
                session,
                owner.table,
                "created_at",
                everything().add(owner.rule()),
            )
            .await?;
            if rows.is_empty() && owner.table != name {
                let needs = format!("{name} need {0}: add some with --{0}", owner.table);
                let at = format!("/{}", owner.column);
                return Err(Error::invalid(at, Code::NotFound, needs));
            }
            owners.push((owner.column, rows));
        }
        Ok(Self {
            name,
            sample: make,
            first: last_id(session, name).await? + 1,
            owners,
            author: table.rules.author(),
        })
    }

    /// Returns an existing user, who owns the rows if clients cannot name their owner.
    pub fn any_author(&self) -> Option<i64> {
        let is_author = |(column, _): &&(&'static str, Vec<Parent>)| Some(*column) == self.author;
        let (_, users) = self.owners.iter().find(is_author)?;
        (!users.is_empty()).then(|| pick_any(users).id)
    }

    /// Returns the bodies at these positions of a run, as JSON on a line each.
    pub fn lines(&self, rows: Range<u32>) -> String {
        rows.map(|row| self.body(row).to_string() + "\n").collect()
    }

    fn body(&self, row: u32) -> Value {
        let number = self.first + i64::from(row);
        let mut body = (self.sample)(&format!("{}-{number}", self.name));
        for (column, rows) in &self.owners {
            if let Some(reference) = body.get_mut(*column) {
                // Only a table that refers to itself may have no rows yet.
                *reference = match rows.as_slice() {
                    [] => Value::Null,
                    rows => pick_any(rows).id.into(),
                };
            }
        }
        body
    }
}
