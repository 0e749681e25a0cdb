//! A patch that may be a row as a client read it, with other values in the fields that the client changes.
use std::rc::Rc;

use kernel::{Code, Error, Refusal, Result, crud::Expected, input::Input, json::MAX_SAFE};
use serde::Serialize;
use serde_json::{Map, Value};

use super::{escape, input, members, unknown_member};
use crate::problem::Problem;

#[derive(Debug)]
pub struct Patched<T> {
    pub patch: T,
    pub row: SentRow,
}

/// The members of the row that a patch cannot set, as the client sent them.
#[derive(Debug)]
pub struct SentRow {
    /// The version that the client read.
    version: Option<i64>,
    read_only: Map<String, Value>,
    /// The names of the members that a patch can set.
    settable: Rc<[String]>,
}

impl<T: Input + 'static> Patched<T> {
    /// Reads a patch from an object. `is_visible` returns true for the members of a row. `is_related` returns true for
    /// the members of its related rows, which are ignored. `check` checks the limits of the patch.
    pub fn read(
        mut value: Value,
        is_visible: impl Fn(&str) -> bool,
        is_related: impl Fn(&str) -> bool,
        check: impl Fn(&T) -> Result<()>,
    ) -> Result<Self> {
        let (mut version, mut read_only, mut refused) = (None, Map::new(), Vec::new());
        let settable = members::<T>();
        if let Some(object) = value.as_object_mut() {
            match take_version(object) {
                Ok(sent) => version = sent,
                Err(refusal) => refused.push(refusal),
            }
            let mut rest = Map::new();
            for (name, value) in std::mem::take(object) {
                if settable.contains(&name) {
                    rest.insert(name, value);
                } else if is_visible(&name) {
                    read_only.insert(name, value);
                } else if !is_related(&name) {
                    rest.insert(name, value);
                }
            }
            *object = rest;
        }
        Ok(Self {
            patch: input(value, refused, check)?,
            row: SentRow {
                version,
                read_only,
                settable,
            },
        })
    }
}

impl SentRow {
    /// Adds the precondition of `version`. Fails if it contradicts `If-Match`.
    pub fn expected(&self, expected: Expected) -> Result<Expected, Problem> {
        self.combined(expected).ok_or_else(|| {
            Problem::malformed("`version` in the body and If-Match name different versions")
        })
    }

    /// Adds the precondition of `version`. Returns `None` if both together allow no version.
    pub fn combined(&self, expected: Expected) -> Option<Expected> {
        match self.version {
            Some(version) => both(expected, version),
            None => Some(expected),
        }
    }

    /// Returns true if [`SentRow::compare`] needs the row.
    pub fn has_read_only(&self) -> bool {
        !self.read_only.is_empty()
    }

    /// Returns the names of the members that [`SentRow::compare`] compares.
    pub fn read_only(&self) -> impl Iterator<Item = &String> {
        self.read_only.keys()
    }

    /// Fails unless the members are as in the row before the change, as the caller sees it.
    pub fn compare(&self, row: &impl Serialize) -> Result<()> {
        let row = serde_json::to_value(row).map_err(|error| Error::bug(error.to_string()))?;
        let refusal = |(name, sent): (&String, &Value)| match row.get(name) {
            Some(value) if value == sent => None,
            // The other changes of the row are not lost.
            Some(_) if name == "updated_at" && self.version.is_none() => None,
            Some(_) => {
                let detail = "cannot be changed; leave it out, or send the value that the row has";
                let at = format!("/{}", escape(name));
                Some(Refusal::new(at, Code::NotAllowed, detail))
            }
            // The caller does not see it, so it looks like a field that does not exist.
            None => Some(unknown_member(name, &self.settable)),
        };
        Error::refuse(self.read_only.iter().filter_map(refusal).collect())
    }
}

/// Combines the versions that the headers allow with the one in the body. Returns `None` if both together allow none.
fn both(expected: Expected, version: i64) -> Option<Expected> {
    match expected {
        Expected::OneOf(versions) if !versions.contains(&version) => None,
        Expected::OneOf(_) | Expected::Anything | Expected::Missing => {
            Some(Expected::OneOf(vec![version]))
        }
        Expected::Unless(first, unwanted) => {
            let first = both(*first, version)?;
            Some(Expected::Unless(Box::new(first), unwanted))
        }
    }
}

/// Removes `version` from an object.
fn take_version(object: &mut Map<String, Value>) -> Result<Option<i64>, Refusal> {
    let Some(version) = object.remove("version") else {
        return Ok(None);
    };
    let number = version
        .as_i64()
        .filter(|number| (1..=MAX_SAFE).contains(number));
    let detail = format!("must be the version of the row, a number from 1 to {MAX_SAFE}");
    let refusal = || Refusal::new("/version", Code::WrongType, detail);
    number.map(Some).ok_or_else(refusal)
}
