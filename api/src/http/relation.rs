//! Related rows beside those that were asked for: one statement for each relation, whatever the number of rows.
use std::{collections::HashMap, pin::Pin};

use serde_json::{Value, json};
use service::{
    Error, Session,
    crud::{Related, Wanted},
    query::Include,
};

use super::{Problem, Representation, Resource, Route, size::size};

/// Rows of a relation to many that are shown with one row; contract §4.
const MOST: u64 = 100;

type Rows<'a> = Pin<Box<dyn Future<Output = Result<Vec<RelatedRow>, Problem>> + 'a>>;

/// How rows of one resource are found by a foreign key and shown.
pub type Fetch = for<'a> fn(&'a Session, Wanted<'a>) -> Rows<'a>;

/// A related row as it goes out.
pub struct RelatedRow {
    key: i64,
    row: Value,
    /// Whether the database had room for it as a whole.
    fits: bool,
    /// Rows of the same key, as far as they were looked at.
    siblings: u64,
}

/// How to fetch the rows of each table.
#[derive(Default)]
pub struct Relations(HashMap<&'static str, Fetch>);

impl Relations {
    pub fn of(routes: &[Route]) -> Self {
        Self(routes.iter().filter_map(|route| route.fetch).collect())
    }

    /// Puts related rows under the name of their relation, as far as there is room; `…_more` says where there are more
    /// than are shown. Gives back the bytes that are left.
    pub async fn attach(
        &self,
        session: &Session,
        include: &Include,
        rows: &mut [Value],
        room: u64,
    ) -> Result<u64, Problem> {
        let fetch = self.0.get(include.table);
        let fetch = fetch.ok_or_else(|| Error::bug(format!("{} is not mounted", include.table)))?;
        let (ours, theirs) = match include.is_many {
            true => ("id", include.foreign_key),
            false => (include.foreign_key, "id"),
        };
        let mut keys: Vec<i64> = rows.iter().filter_map(|row| row[ours].as_i64()).collect();
        keys.sort_unstable();
        keys.dedup();
        let wanted = Wanted {
            foreign_key: theirs,
            keys: &keys,
            // One more than is shown tells whether there are more.
            most: MOST + 1,
            heavy: &include.heavy,
            room,
        };
        let mut related: HashMap<i64, Vec<RelatedRow>> = HashMap::new();
        for row in fetch(session, wanted).await? {
            related.entry(row.key).or_default().push(row);
        }
        let mut room = Room(room);
        if include.is_many {
            room.put_many(include, rows, related);
        } else {
            room.put_owners(include, rows, &related);
        }
        Ok(room.0)
    }
}

/// Bytes that are left of an answer.
struct Room(u64);

impl Room {
    /// Whether so many more bytes fit; then they are taken.
    fn takes(&mut self, bytes: u64) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// One row for each. Without room for the heavy fields that were asked for, it is shown without them.
    fn put_owners(
        &mut self,
        include: &Include,
        rows: &mut [Value],
        related: &HashMap<i64, Vec<RelatedRow>>,
    ) {
        for row in rows {
            let key = row[include.foreign_key].as_i64();
            let owner = key.and_then(|key| related.get(&key)?.first());
            let Some(owner) = owner else {
                row[include.name] = Value::Null;
                continue;
            };
            let mut shown = owner.row.clone();
            let mut fits = owner.fits && self.takes(size(&shown));
            if !fits {
                row[more(include)] = json!(true);
                if let Some(members) = shown.as_object_mut() {
                    members.retain(|name, _| !include.heavy.iter().any(|heavy| heavy == name));
                }
                fits = self.takes(size(&shown));
            }
            row[include.name] = if fits { shown } else { Value::Null };
        }
    }

    /// In turns: the first of each row before the second of any.
    fn put_many(
        &mut self,
        include: &Include,
        rows: &mut [Value],
        mut related: HashMap<i64, Vec<RelatedRow>>,
    ) {
        let mut lists: Vec<List> = rows
            .iter()
            .map(|row| List::of(row["id"].as_i64().and_then(|id| related.remove(&id))))
            .collect();
        let mut is_waiting = true;
        while is_waiting {
            is_waiting = false;
            for list in &mut lists {
                is_waiting |= list.take(self);
            }
        }
        for (row, list) in rows.iter_mut().zip(lists) {
            if list.has_more() {
                row[more(include)] = json!(true);
            }
            row[include.name] = list.shown.into();
        }
    }
}

/// The related rows of one row: those that are shown, and those whose turn has not come.
struct List {
    shown: Vec<Value>,
    waiting: std::vec::IntoIter<RelatedRow>,
    siblings: u64,
    is_full: bool,
}

impl List {
    fn of(rows: Option<Vec<RelatedRow>>) -> Self {
        let rows = rows.unwrap_or_default();
        Self {
            shown: Vec::new(),
            siblings: rows.first().map_or(0, |row| row.siblings),
            waiting: rows.into_iter(),
            is_full: false,
        }
    }

    /// Whether another row was taken.
    fn take(&mut self, room: &mut Room) -> bool {
        if self.is_full || self.shown.len() as u64 == MOST {
            return false;
        }
        let next = self.waiting.next().filter(|row| row.fits);
        let next = next.filter(|row| room.takes(size(&row.row)));
        self.is_full = next.is_none();
        self.shown.extend(next.map(|row| row.row));
        !self.is_full
    }

    fn has_more(&self) -> bool {
        self.siblings > self.shown.len() as u64
    }
}

fn more(include: &Include) -> String {
    format!("{}_more", include.name)
}

/// How the rows of `R` are fetched for others.
pub fn fetch<'a, R: Resource>(session: &'a Session, wanted: Wanted<'a>) -> Rows<'a> {
    Box::pin(async move {
        let rows = R::related(session, &wanted).await?;
        let shown = |related: Related<R::Row>| {
            let row = Representation::<R::View>::of::<R>(related.found, false);
            let mut row = serde_json::to_value(row).map_err(Error::internal)?;
            if let Some(members) = row.as_object_mut() {
                let is_left_out = |name: &str| {
                    R::heavy().any(|heavy| heavy == name) && !wanted.heavy.contains(&name)
                };
                members.retain(|name, _| !is_left_out(name));
            }
            Ok(RelatedRow {
                key: related.key,
                row,
                fits: related.fits,
                siblings: related.siblings,
            })
        };
        rows.into_iter().map(shown).collect()
    })
}
