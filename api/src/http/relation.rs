//! Related rows beside those that were asked for: one statement for each relation, whatever the number of rows.
use std::{collections::HashMap, pin::Pin};

use serde_json::{Value, json};
use service::{Error, Session, query::Include};

use super::{Problem, Representation, Resource, Route};

/// Rows of a relation to many that are shown with one row; contract §4.
const MOST: u64 = 100;

type Rows<'a> = Pin<Box<dyn Future<Output = Result<Vec<(i64, Value)>, Problem>> + 'a>>;

/// How rows of one resource are found by a foreign key and shown.
pub type Fetch = for<'a> fn(&'a Session, &'static str, Vec<i64>) -> Rows<'a>;

/// How to fetch the rows of each table.
#[derive(Default)]
pub struct Relations(HashMap<&'static str, Fetch>);

impl Relations {
    pub fn of(routes: &[Route]) -> Self {
        Self(routes.iter().filter_map(|route| route.fetch).collect())
    }

    /// Puts related rows under the name of their relation, with `…_more` where there are more than are shown.
    pub async fn attach(
        &self,
        session: &Session,
        include: &Include,
        rows: &mut [Value],
    ) -> Result<(), Problem> {
        let fetch = self.0.get(include.table);
        let fetch = fetch.ok_or_else(|| Error::bug(format!("{} is not mounted", include.table)))?;
        let (ours, theirs) = match include.is_many {
            true => ("id", include.foreign_key),
            false => (include.foreign_key, "id"),
        };
        let mut keys: Vec<i64> = rows.iter().filter_map(|row| row[ours].as_i64()).collect();
        keys.sort_unstable();
        keys.dedup();
        let mut related: HashMap<i64, Vec<Value>> = HashMap::new();
        for (key, row) in fetch(session, theirs, keys).await? {
            related.entry(key).or_default().push(row);
        }
        let limit = usize::try_from(MOST).unwrap_or(usize::MAX);
        for row in rows {
            let mut found = row[ours]
                .as_i64()
                .and_then(|key| related.get(&key).cloned());
            if !include.is_many {
                row[include.name] = found.and_then(|mut rows| rows.pop()).unwrap_or_default();
                continue;
            }
            let found = found.take().unwrap_or_default();
            if found.len() > limit {
                row[format!("{}_more", include.name)] = json!(true);
            }
            row[include.name] = found.into_iter().take(limit).collect();
        }
        Ok(())
    }
}

/// How the rows of `R` are fetched for others: one more than is shown tells whether there are more.
pub fn fetch<'a, R: Resource>(
    session: &'a Session,
    foreign_key: &'static str,
    keys: Vec<i64>,
) -> Rows<'a> {
    Box::pin(async move {
        let rows = R::related(session, foreign_key, &keys, MOST + 1).await?;
        let shown = |(key, found)| {
            let row = Representation::<R::View>::of::<R>(found, false);
            let row = serde_json::to_value(row);
            let mut row = row.map_err(Error::internal)?;
            if let Some(members) = row.as_object_mut().filter(|_| foreign_key != "id") {
                members.retain(|name, _| !R::heavy().any(|heavy| heavy == name));
            }
            Ok((key, row))
        };
        rows.into_iter().map(shown).collect()
    })
}
