//! Related rows that come along: the owner behind a foreign key, or what a row owns.
use super::Refused;
use crate::{crud::Crud, quote, registry};

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
}

pub fn parse<C: Crud>(text: &str) -> Result<Vec<Include>, Refused> {
    let known = relations(C::name());
    let mut includes: Vec<Include> = Vec::new();
    for name in text.split(',') {
        let Some(include) = known.iter().find(|include| include.name == name) else {
            let names: Vec<_> = known.iter().map(|include| include.name).collect();
            return Err((
                "unknown",
                format!("{:?} is none of [{}]", quote(name), names.join(", ")),
            ));
        };
        if includes.contains(include) {
            return Err(("duplicate", format!("names {name} more than once")));
        }
        includes.push(include.clone());
    }
    match includes.len() > MAX_INCLUDES {
        true => Err((
            "too_many",
            format!("takes at most {MAX_INCLUDES} relations"),
        )),
        false => Ok(includes),
    }
}

/// Every relation of a table, as its owners and those whom it owns declare them.
pub fn relations(table: &str) -> Vec<Include> {
    let mut relations = Vec::new();
    for other in registry::tables() {
        for owner in &other.owners {
            if other.name == table {
                relations.extend(owner.column.strip_suffix("_id").map(|name| Include {
                    name,
                    table: owner.table,
                    foreign_key: owner.column,
                    is_many: false,
                }));
            }
            if owner.table == table {
                relations.push(Include {
                    name: other.name,
                    table: other.name,
                    foreign_key: owner.column,
                    is_many: true,
                });
            }
        }
    }
    relations
}
