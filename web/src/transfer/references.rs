//! References to other rows. A record has the id, which differs between servers, and a name, which is the same on all.
use std::collections::{BTreeMap, BTreeSet};

use kernel::{Code, Error, Readable, Refusal, Result, Session, query::Shape, resource::Owner};
use serde::Serialize;
use serde_json::{Map, Value};

use super::record::{Record, shape};
use crate::resource::{New, Representation, Resource, Writable};

/// The references of one resource that have a name.
pub struct References {
    all: Vec<Reference>,
}

struct Reference {
    owner: Owner,
    /// For example `author.username`.
    name: String,
    /// Whether an import looks the row up by name.
    is_mapped: bool,
}

/// A reference of one record.
#[derive(Debug)]
pub struct Named {
    index: usize,
    id: Option<i64>,
    name: String,
}

/// A row with the names of the rows that it refers to.
#[derive(Serialize)]
pub struct WithNames<'a, V: Resource> {
    #[serde(flatten)]
    row: &'a Representation<V>,
    #[serde(flatten)]
    names: BTreeMap<&'a str, Option<String>>,
}

/// Returns the names of all references of a resource, such as `author.username` for `author_id`.
pub fn companions<C: Readable>() -> Vec<String> {
    C::owners().iter().filter_map(Owner::companion).collect()
}

/// Returns all foreign keys that have a name, with their names.
pub fn named_columns<C: Readable>() -> Vec<(&'static str, String)> {
    let owners = C::owners().into_iter();
    owners
        .filter_map(|owner| Some((owner.column, owner.companion()?)))
        .collect()
}

impl References {
    /// `mapped` are the names of the references to look up by name.
    pub fn new<C: Readable>(mapped: &[String]) -> Self {
        let reference = |owner: Owner| {
            let name = owner.companion()?;
            Some(Reference {
                is_mapped: mapped.contains(&name),
                owner,
                name,
            })
        };
        Self {
            all: C::owners().into_iter().filter_map(reference).collect(),
        }
    }

    /// Returns the references whose ids an export shows.
    pub fn shown<C: Readable>(shape: &Shape) -> Self {
        let mut shown = Self::new::<C>(&[]);
        if let Some(fields) = &shape.fields {
            let is_shown = |column: &str| fields.iter().any(|field| field == column);
            shown
                .all
                .retain(|reference| is_shown(reference.owner.column));
        }
        shown
    }

    pub fn is_empty(&self) -> bool {
        self.all.is_empty()
    }

    /// Adds the names of references to a page of rows, with one statement for each reference.
    pub async fn name_rows<'a, V: Resource>(
        &'a self,
        session: &Session,
        rows: &'a [Representation<V>],
    ) -> Result<Vec<WithNames<'a, V>>> {
        let values = rows.iter().map(serde_json::to_value);
        let values = values.collect::<Result<Vec<_>, _>>();
        let values = values.map_err(Error::internal)?;
        let mut named: Vec<_> = rows
            .iter()
            .map(|row| WithNames {
                row,
                names: BTreeMap::new(),
            })
            .collect();
        for Reference { owner, name, .. } in &self.all {
            let id = |row: &Value| row[owner.column].as_i64();
            let ids: BTreeSet<_> = values.iter().filter_map(id).collect();
            let texts = owner.names(session, ids).await?;
            for (row, value) in named.iter_mut().zip(&values) {
                let found = id(value).and_then(|id| texts.get(&id).cloned());
                row.names.insert(name.as_str(), found);
            }
        }
        Ok(named)
    }

    /// Removes the names from a record and returns them, and whether they must be looked up before it is validated.
    /// `has_default` tells whether a foreign key has a default if the record has no value.
    pub fn take(
        &self,
        members: &mut Map<String, Value>,
        has_default: impl Fn(&str) -> bool,
    ) -> Result<(Vec<Named>, bool), Refusal> {
        let (mut taken, mut waits) = (Vec::new(), false);
        for (
            index,
            Reference {
                owner,
                name,
                is_mapped,
            },
        ) in self.all.iter().enumerate()
        {
            let refused = |code, detail: String| Refusal::new(format!("/{name}"), code, detail);
            let named = match members.remove(name) {
                None | Some(Value::Null) => None,
                Some(Value::String(text)) => Some(text),
                Some(_) => return Err(refused(Code::WrongType, "must be a string".to_owned())),
            };
            let id = members.get(owner.column).and_then(Value::as_i64);
            match named {
                Some(_) if !is_mapped && id.is_none() => {
                    let detail = format!(
                        "is allowed only together with {}, or with map={name}",
                        owner.column
                    );
                    return Err(refused(Code::Required, detail));
                }
                Some(text) => {
                    waits |= is_mapped;
                    taken.push(Named {
                        index,
                        id,
                        name: text,
                    });
                }
                None if *is_mapped && !(id.is_none() && has_default(owner.column)) => {
                    return Err(refused(
                        Code::Required,
                        format!("is required by map={name}"),
                    ));
                }
                None => {}
            }
        }
        Ok((taken, waits))
    }

    /// Looks up the names of a batch, with one statement for each reference. Refuses records with unknown names, or with
    /// names that do not match their ids.
    pub async fn resolve<V: Writable>(
        &self,
        session: &Session,
        batch: &mut [Record<New<V>>],
    ) -> Result<()> {
        for (index, reference) in self.all.iter().enumerate() {
            let mentions = batch.iter().flat_map(|record| &record.names);
            let mentions: Vec<_> = mentions.filter(|named| named.index == index).collect();
            if reference.is_mapped {
                let texts = mentions
                    .iter()
                    .map(|named| reference.owner.normalize(&named.name));
                let ids = reference.owner.ids(session, texts.collect()).await?;
                for record in batch.iter_mut() {
                    reference.set_id::<V>(index, record, |name| ids.get(name).copied());
                }
            } else {
                let ids = mentions.iter().filter_map(|named| named.id);
                let texts = reference.owner.names(session, ids.collect()).await?;
                for record in batch.iter_mut() {
                    reference.check_name::<V>(index, record, |id| texts.get(&id));
                }
            }
        }
        for record in batch {
            if let Some(value) = record.waiting.take()
                && record.new.as_ref().is_err_and(Vec::is_empty)
            {
                record.new = shape::<V>(value);
            }
        }
        Ok(())
    }
}

impl Reference {
    fn set_id<V: Writable>(
        &self,
        index: usize,
        record: &mut Record<New<V>>,
        id: impl Fn(&str) -> Option<i64>,
    ) {
        let Some(named) = record.names.iter().find(|named| named.index == index) else {
            return;
        };
        if let Some(id) = id(&self.owner.normalize(&named.name)) {
            if let Some(Value::Object(members)) = &mut record.waiting {
                members.insert(self.owner.column.to_owned(), id.into());
            }
        } else {
            let detail = format!("not found in /{}, or not visible to you", self.owner.table);
            record.refuse(Refusal::new(
                format!("/{}", self.name),
                Code::NotFound,
                detail,
            ));
        }
    }

    fn check_name<'a, V: Writable>(
        &self,
        index: usize,
        record: &mut Record<New<V>>,
        name: impl Fn(i64) -> Option<&'a String>,
    ) {
        let Some(named) = record.names.iter().find(|named| named.index == index) else {
            return;
        };
        let current = named.id.and_then(name);
        let is_same = current.is_some_and(|current| {
            self.owner.normalize(current) == self.owner.normalize(&named.name)
        });
        if !is_same {
            let detail = format!(
                "does not match {} on this server; use map={} to look it up by name",
                self.owner.column, self.name
            );
            record.refuse(Refusal::new(
                format!("/{}", self.name),
                Code::Mismatch,
                detail,
            ));
        }
    }
}
