//! Related rows that a client includes: one statement per relation, for any number of rows.
use std::{collections::HashMap, pin::Pin, rc::Rc};

use kernel::{
    CrudOperations, Error, Readable, Session,
    crud::{Related, Wanted},
    query::Include,
};

use super::{Representation, Writable};
use crate::{
    json::{Object, ObjectWriter, write_array},
    problem::Problem,
};

/// The most related rows that one row shows per relation (contract §4).
const MAX_RELATED: u64 = 100;

type Rows<'a> = Pin<Box<dyn Future<Output = Result<Vec<RelatedRow>, Problem>> + 'a>>;

/// Fetches the rows of one resource by a foreign key and converts them to JSON.
pub type Fetch = for<'a> fn(&'a Session, Wanted<'a>) -> Rows<'a>;

/// A row as JSON, with its related rows.
#[derive(Debug)]
pub struct ShapedRow {
    pub members: Object,
    related: Vec<(String, Shown)>,
}

impl ShapedRow {
    pub fn new(members: Object) -> Self {
        Self {
            members,
            related: Vec::new(),
        }
    }

    /// Returns the bytes of the row with the comma after it.
    pub fn size(&self) -> usize {
        let related = self.related.iter();
        let related = related.map(|(name, shown)| name.len() + 4 + shown.size());
        usize::try_from(self.members.size()).unwrap_or_default() + related.sum::<usize>()
    }

    /// Appends the row to a text.
    pub fn write(&self, text: &mut Vec<u8>) {
        let mut row = ObjectWriter::begin(text);
        self.members.write_members(&mut row);
        for (name, shown) in &self.related {
            shown.write(row.name(name));
        }
        row.end();
    }

    fn show(&mut self, name: String, shown: Shown) {
        self.related.push((name, shown));
    }
}

/// What a row shows of a relation.
#[derive(Debug)]
enum Shown {
    /// Rows with the same owner share it.
    Owner(Option<Rc<Object>>),
    Children(Vec<Object>),
    /// More is related than is shown.
    HasMore,
}

impl Shown {
    fn size(&self) -> usize {
        let bytes = match self {
            Self::Owner(owner) => owner.as_ref().map_or(4, |owner| owner.size()),
            Self::Children(rows) => 2 + rows.iter().map(Object::size).sum::<u64>(),
            Self::HasMore => 4,
        };
        usize::try_from(bytes).unwrap_or_default()
    }

    fn write(&self, text: &mut Vec<u8>) {
        match self {
            Self::Owner(Some(owner)) => owner.write(text),
            Self::Owner(None) => text.extend_from_slice(b"null"),
            Self::Children(rows) => write_array(text, rows, Object::write),
            Self::HasMore => text.extend_from_slice(b"true"),
        }
    }
}

/// A related row as JSON.
pub struct RelatedRow {
    key: i64,
    row: Object,
    /// The size of `row` in bytes.
    size: u64,
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
        rows: &mut [ShapedRow],
        room: u64,
    ) -> Result<u64, Problem> {
        let fetch = self.0.get(include.table);
        let fetch = fetch.ok_or_else(|| Error::bug(format!("{} is not mounted", include.table)))?;
        let (key, related_key) = if include.is_many {
            ("id", include.foreign_key)
        } else {
            (include.foreign_key, "id")
        };
        let mut keys: Vec<i64> = rows
            .iter()
            .filter_map(|row| row.members.integer(key))
            .collect();
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
        let related = fetch(session, wanted).await?;
        let mut room = Room(room);
        if include.is_many {
            room.attach_children(include, rows, related);
        } else {
            room.attach_owners(include, rows, related);
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
        rows: &mut [ShapedRow],
        owners: Vec<RelatedRow>,
    ) {
        let owners: HashMap<_, _> = owners
            .into_iter()
            .map(|owner| (owner.key, Owner::new(owner, include)))
            .collect();
        for row in rows {
            let key = row.members.integer(include.foreign_key);
            let Some(owner) = key.and_then(|key| owners.get(&key)) else {
                row.show(include.name.to_owned(), Shown::Owner(None));
                continue;
            };
            let mut fits = |owner: &&(Rc<Object>, u64)| self.try_take(owner.1);
            let mut shown = owner.whole.as_ref().filter(&mut fits);
            if shown.is_none() {
                row.show(more(include), Shown::HasMore);
                shown = Some(&owner.without_heavy).filter(fits);
            }
            let shown = shown.map(|(owner, _)| owner.clone());
            row.show(include.name.to_owned(), Shown::Owner(shown));
        }
    }

    /// Attaches lists in rounds: the first related row of every row comes before the second of any.
    fn attach_children(
        &mut self,
        include: &Include,
        rows: &mut [ShapedRow],
        children: Vec<RelatedRow>,
    ) {
        let mut related: HashMap<i64, Vec<RelatedRow>> = HashMap::new();
        for child in children {
            related.entry(child.key).or_default().push(child);
        }
        let mut lists: Vec<List> = rows
            .iter()
            .map(|row| List::new(row.members.integer("id").and_then(|id| related.remove(&id))))
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
                row.show(more(include), Shown::HasMore);
            }
            row.show(include.name.to_owned(), Shown::Children(list.shown));
        }
    }
}

/// The owner of rows, with the sizes of what they may show of it.
struct Owner {
    /// The owner with the heavy fields that were requested, unless it is too large.
    whole: Option<(Rc<Object>, u64)>,
    without_heavy: (Rc<Object>, u64),
}

impl Owner {
    fn new(owner: RelatedRow, include: &Include) -> Self {
        let whole = (Rc::new(owner.row), owner.size);
        let without_heavy = if include.heavy.is_empty() {
            whole.clone()
        } else {
            let mut row = Object::clone(&whole.0);
            row.retain(|name| !include.heavy.contains(&name));
            let size = row.size();
            (Rc::new(row), size)
        };
        Self {
            whole: owner.fits.then_some(whole),
            without_heavy,
        }
    }
}

/// The related rows of one row: those that are shown, and those that are waiting for their round.
struct List {
    shown: Vec<Object>,
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
        let next = next.filter(|row| room.try_take(row.size));
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
        let heavy = V::Service::heavy_fields();
        let omitted: Vec<_> = heavy.filter(|name| !wanted.heavy.contains(name)).collect();
        let shown = |related: Related<<V::Service as Readable>::Row>| {
            let mut row = Representation::<V>::new(related.found, false).to_object()?;
            row.retain(|name| !omitted.contains(&name));
            Ok(RelatedRow {
                key: related.key,
                size: row.size(),
                row,
                fits: related.fits,
                siblings: related.siblings,
            })
        };
        rows.into_iter().map(shown).collect()
    })
}
