//! Related rows that a client includes: one statement per relation, for any number of rows.
use std::{collections::HashMap, pin::Pin};

use kernel::{
    CrudOperations, Error, Readable, Session,
    crud::{Related, Wanted},
    query::Include,
};
use serde_json::{Value, json};

use super::{Representation, Writable};
use crate::{json::size, problem::Problem};

/// The most related rows that one row shows per relation (contract §4).
const MAX_RELATED: u64 = 100;

type Rows<'a> = Pin<Box<dyn Future<Output = Result<Vec<RelatedRow>, Problem>> + 'a>>;

/// Fetches the rows of one resource by a foreign key and converts them to JSON.
pub type Fetch = for<'a> fn(&'a Session, Wanted<'a>) -> Rows<'a>;

/// A related row as JSON.
pub struct RelatedRow {
    key: i64,
    row: Value,
    /// Whether the whole row fitted into the size limit of the statement.
    fits: bool,
    /// The number of rows with the same key, counted up to the limit of the statement.
    siblings: u64,
}

/// The fetch function of each table.
#[derive(Default)]
pub struct Relations(HashMap<&'static str, Fetch>);

impl Relations {
    pub fn new(fetches: impl Iterator<Item = (&'static str, Fetch)>) -> Self {
        Self(fetches.collect())
    }

    /// Adds related rows under the name of their relation, up to `room` bytes. `…_more` marks rows that have more related
    /// rows than are shown. Returns the bytes that are left.
    pub async fn attach(
        &self,
        session: &Session,
        include: &Include,
        rows: &mut [Value],
        room: u64,
    ) -> Result<u64, Problem> {
        let fetch = self.0.get(include.table);
        let fetch = fetch.ok_or_else(|| Error::bug(format!("{} is not mounted", include.table)))?;
        let (key, related_key) = if include.is_many {
            ("id", include.foreign_key)
        } else {
            (include.foreign_key, "id")
        };
        let mut keys: Vec<i64> = rows.iter().filter_map(|row| row[key].as_i64()).collect();
        keys.sort_unstable();
        keys.dedup();
        let wanted = Wanted {
            foreign_key: related_key,
            keys: &keys,
            // One more than is shown, to find out whether there are more.
            most: MAX_RELATED + 1,
            heavy: &include.heavy,
            room,
        };
        let mut related: HashMap<i64, Vec<RelatedRow>> = HashMap::new();
        for row in fetch(session, wanted).await? {
            related.entry(row.key).or_default().push(row);
        }
        let mut room = Room(room);
        if include.is_many {
            room.attach_children(include, rows, related);
        } else {
            room.attach_owners(include, rows, &related);
        }
        Ok(room.0)
    }
}

/// The bytes that are left of an answer.
struct Room(u64);

impl Room {
    /// Takes this many bytes. Returns false, and takes none, if they do not fit.
    fn try_take(&mut self, bytes: u64) -> bool {
        let left = self.0.checked_sub(bytes);
        self.0 = left.unwrap_or(self.0);
        left.is_some()
    }

    /// Attaches one owner to each row. Requested heavy fields are omitted if they do not fit.
    fn attach_owners(
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
            let mut fits = owner.fits && self.try_take(size(&shown));
            if !fits {
                row[more(include)] = json!(true);
                if let Some(members) = shown.as_object_mut() {
                    members.retain(|name, _| !include.heavy.iter().any(|heavy| heavy == name));
                }
                fits = self.try_take(size(&shown));
            }
            row[include.name] = if fits { shown } else { Value::Null };
        }
    }

    /// Attaches lists in rounds: the first related row of every row comes before the second of any.
    fn attach_children(
        &mut self,
        include: &Include,
        rows: &mut [Value],
        mut related: HashMap<i64, Vec<RelatedRow>>,
    ) {
        let mut lists: Vec<List> = rows
            .iter()
            .map(|row| List::new(row["id"].as_i64().and_then(|id| related.remove(&id))))
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

/// The related rows of one row: those that are shown, and those that are waiting for their round.
struct List {
    shown: Vec<Value>,
    waiting: std::vec::IntoIter<RelatedRow>,
    siblings: u64,
    is_full: bool,
}

impl List {
    fn new(rows: Option<Vec<RelatedRow>>) -> Self {
        let rows = rows.unwrap_or_default();
        Self {
            shown: Vec::new(),
            siblings: rows.first().map_or(0, |row| row.siblings),
            waiting: rows.into_iter(),
            is_full: false,
        }
    }

    /// Shows one more row. Returns false if there is none or it does not fit.
    fn take(&mut self, room: &mut Room) -> bool {
        if self.is_full || self.shown.len() as u64 == MAX_RELATED {
            return false;
        }
        let next = self.waiting.next().filter(|row| row.fits);
        let next = next.filter(|row| room.try_take(size(&row.row)));
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

/// Fetches rows of `V` as related rows of other resources.
pub fn fetch<'a, V: Writable>(session: &'a Session, wanted: Wanted<'a>) -> Rows<'a> {
    Box::pin(async move {
        let rows = V::Service::related(session, &wanted).await?;
        let shown = |related: Related<<V::Service as Readable>::Row>| {
            let row = Representation::<V>::new(related.found, false);
            let mut row = serde_json::to_value(row).map_err(Error::internal)?;
            if let Some(members) = row.as_object_mut() {
                let is_omitted = |name: &str| {
                    V::Service::heavy_fields().any(|heavy| heavy == name)
                        && !wanted.heavy.contains(&name)
                };
                members.retain(|name, _| !is_omitted(name));
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
