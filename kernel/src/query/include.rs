//! Related rows in an answer: the owner that a foreign key names, or the rows that a row owns.
use std::collections::HashSet;

use super::parameter::{repeated_value, too_many_values, unknown_value};
use crate::{Refused, Registry};

/// The most relations of one request; contract §4.
pub const MAX_INCLUDES: usize = 3;

/// One relation of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// `author` for the row that `author_id` names; `comments` for the rows of that table that name this one.
    pub name: &'static str,
    pub table: &'static str,
    pub foreign_key: &'static str,
    pub is_many: bool,
    /// The heavy fields: of a declaration, all that a client may ask for; of a request, those that it asks for.
    pub heavy: Vec<&'static str>,
}

impl Include {
    /// Returns the names that a client may use: the relation, and each heavy field of an owner.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let heavy = self.heavy.iter();
        let heavy = heavy.map(|field| format!("{}.{field}", self.name));
        [self.name.to_owned()].into_iter().chain(heavy)
    }
}

/// Parses a list such as `author,post.content`: relations, and heavy fields of an owner, which include the owner too.
pub fn parse(text: &str, known: &[Include]) -> Result<Vec<Include>, Refused> {
    let mut seen = HashSet::new();
    let mut includes: Vec<Include> = Vec::new();
    for name in text.split(',') {
        if !seen.insert(name) {
            return Err(repeated_value(name));
        }
        let Some((relation, field)) = find(known, name) else {
            let names: Vec<_> = known.iter().flat_map(Include::names).collect();
            return Err(unknown_value(name, &names));
        };
        let mut others = includes.iter_mut();
        match others.find(|include| include.name == relation.name) {
            Some(include) => include.heavy.extend(field),
            None => includes.push(Include {
                heavy: field.into_iter().collect(),
                ..relation.clone()
            }),
        }
    }
    if includes.len() > MAX_INCLUDES {
        return Err(too_many_values(MAX_INCLUDES, "relations"));
    }
    Ok(includes)
}

/// Returns the relation with this name, and its heavy field if the name has one.
fn find<'a>(known: &'a [Include], name: &str) -> Option<(&'a Include, Option<&'static str>)> {
    let (relation, field) = match name.split_once('.') {
        Some((relation, field)) => (relation, Some(field)),
        None => (name, None),
    };
    let relation = known.iter().find(|include| include.name == relation)?;
    let mut heavy = relation.heavy.iter().copied();
    match field {
        Some(field) => Some((relation, Some(heavy.find(|heavy| *heavy == field)?))),
        None => Some((relation, None)),
    }
}

/// Returns every relation of a table: its owners, and the tables that it owns.
pub fn relations(table: &str, registry: &Registry) -> Vec<Include> {
    let mut relations = Vec::new();
    for other in registry.tables() {
        for owner in &other.owners {
            if other.name == table {
                relations.extend(owner.column.strip_suffix("_id").map(|name| {
                    Include {
                        name,
                        table: owner.table,
                        foreign_key: owner.column,
                        is_many: false,
                        heavy: registry
                            .table(owner.table)
                            .map(|table| table.heavy.clone())
                            .unwrap_or_default(),
                    }
                }));
            }
            if owner.table == table {
                relations.push(Include {
                    name: other.name,
                    table: other.name,
                    foreign_key: owner.column,
                    is_many: true,
                    heavy: Vec::new(),
                });
            }
        }
    }
    relations
}
