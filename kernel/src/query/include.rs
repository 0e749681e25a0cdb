//! Related rows that come along: the owner behind a foreign key, or what a row owns.
use std::collections::HashSet;

use super::{
    Refused,
    parameter::{repeated, too_many, unknown_value},
};
use crate::Registry;

/// Relations of one request; contract §4.
pub const MAX_INCLUDES: usize = 3;

/// One relation of a resource.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Include {
    /// `author`, for what `author_id` names; `comments`, for the rows of that table that name this one.
    pub name: &'static str,
    pub table: &'static str,
    pub foreign_key: &'static str,
    pub is_many: bool,
    /// Heavy fields that come along: all that there are to ask for, or those that were asked for.
    pub heavy: Vec<&'static str>,
}

impl Include {
    /// What a client may name: the relation, and each heavy field of an owner.
    pub fn names(&self) -> impl Iterator<Item = String> {
        let heavy = self.heavy.iter();
        let heavy = heavy.map(|field| format!("{}.{field}", self.name));
        [self.name.to_owned()].into_iter().chain(heavy)
    }
}

/// `author,post.content`: a relation, or a heavy field of an owner, with which the owner comes along.
pub fn parse(text: &str, known: &[Include]) -> Result<Vec<Include>, Refused> {
    let mut seen = HashSet::new();
    let mut includes: Vec<Include> = Vec::new();
    for name in text.split(',') {
        if !seen.insert(name) {
            return Err(repeated(name));
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
        return Err(too_many(MAX_INCLUDES, "relations"));
    }
    Ok(includes)
}

/// The relation that is named, and its heavy field if one is.
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

/// Every relation of a table, as its owners and those whom it owns declare them.
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
