//! Strict JSON (contract §2): no duplicate keys, no nesting deeper than 64, no U+0000; refusals name a JSON Pointer.
mod input;
mod object;
mod patch;

pub use input::{answer_members, input, members, unknown_member};
pub use object::{Object, ObjectWriter, write_array};
pub use patch::{Patched, SentRow};

use std::{cell::Cell, fmt};

use kernel::{Code, Error, quote};
use serde::{
    Deserialize, Deserializer,
    de::{DeserializeOwned, DeserializeSeed, Error as _, MapAccess, SeqAccess, Visitor},
};
use serde_json::{Map, Number, Value};

use crate::problem::Problem;

/// Contract §2.
const MAX_DEPTH: usize = 64;

/// The values that a bulk request may have. A bulk of the largest rows has fewer.
const MAX_BULK_VALUES: usize = 250_000;

/// The values that any other request may have, because each value may become a refusal.
const MAX_VALUES: usize = 10_000;

/// An object counts as this many values, because it takes a hundred times the memory of its two brackets.
const OBJECT_COST: usize = 16;

/// Reads a JSON body. Invalid JSON is malformed (400); JSON that does not fit an input is invalid (422), see [`input`].
pub fn read(body: &[u8]) -> Result<Value, Problem> {
    read_limited(body, MAX_VALUES)
}

/// Reads the body of a bulk request, which may have more values, into `T`.
pub fn read_bulk<T: DeserializeOwned>(body: &[u8]) -> Result<T, Problem> {
    let value = read_limited(body, MAX_BULK_VALUES)?;
    input::require_object(&value)?;
    let read = serde_path_to_error::deserialize(value);
    read.map_err(|error| Error::Invalid(vec![input::refusal(&error)]).into())
}

fn read_limited(body: &[u8], max_values: usize) -> Result<Value, Problem> {
    let value = parse(body, max_values);
    let value = value.map_err(|error| Problem::malformed(format!("invalid JSON: {error}")))?;
    check(&value)?;
    Ok(value)
}

/// Parses any JSON value without duplicate keys or deep nesting.
pub fn strict(text: &[u8]) -> serde_json::Result<Value> {
    parse(text, MAX_VALUES)
}

fn parse(text: &[u8], max_values: usize) -> serde_json::Result<Value> {
    let mut json = serde_json::Deserializer::from_slice(text);
    let left = Cell::new(max_values);
    let strict = Strict {
        depth: MAX_DEPTH,
        left: &left,
    };
    let value = strict.deserialize(&mut json)?;
    json.end().map(|()| value)
}

/// Fails if a text contains U+0000.
pub fn check(value: &Value) -> Result<(), Error> {
    match find_nul(value) {
        Some(at) => Err(Error::invalid(
            at,
            Code::NotAllowed,
            "must not contain U+0000",
        )),
        None => Ok(()),
    }
}

/// Returns the pointer to a text with U+0000, or to an object with it in a key. SQLite can store it and PostgreSQL cannot.
fn find_nul(value: &Value) -> Option<String> {
    match value {
        Value::String(text) if text.contains('\0') => Some(String::new()),
        Value::Array(items) => items
            .iter()
            .enumerate()
            .find_map(|(i, item)| find_nul(item).map(|rest| format!("/{i}{rest}"))),
        Value::Object(members) if members.keys().any(|key| key.contains('\0')) => {
            Some(String::new())
        }
        Value::Object(members) => members.iter().find_map(|(key, member)| {
            find_nul(member).map(|rest| format!("/{}{rest}", escape(key)))
        }),
        _ => None,
    }
}

/// Escapes a key for a JSON Pointer (RFC 6901, section 3).
pub fn escape(key: &str) -> String {
    key.replace('~', "~0").replace('/', "~1")
}

/// Parses a value with limits on its depth and on the number of its values.
#[derive(Clone, Copy)]
struct Strict<'a> {
    depth: usize,
    left: &'a Cell<usize>,
}

impl<'de> DeserializeSeed<'de> for Strict<'_> {
    type Value = Value;

    fn deserialize<D: Deserializer<'de>>(self, deserializer: D) -> Result<Value, D::Error> {
        deserializer.deserialize_any(self)
    }
}

impl Strict<'_> {
    fn descend<E: serde::de::Error>(self) -> Result<Self, E> {
        let depth = self.depth.checked_sub(1);
        let depth = depth.ok_or_else(|| E::custom(format!("nested deeper than {MAX_DEPTH}")))?;
        Ok(Self { depth, ..self })
    }

    fn spend<E: serde::de::Error>(self, values: usize) -> Result<(), E> {
        let left = self.left.get().checked_sub(values);
        self.left
            .set(left.ok_or_else(|| E::custom("too many values"))?);
        Ok(())
    }
}

impl<'de> Visitor<'de> for Strict<'_> {
    type Value = Value;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("a JSON value")
    }

    fn visit_unit<E>(self) -> Result<Value, E> {
        Ok(Value::Null)
    }

    fn visit_bool<E>(self, value: bool) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_i64<E>(self, value: i64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_u64<E>(self, value: u64) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_f64<E: serde::de::Error>(self, value: f64) -> Result<Value, E> {
        Number::from_f64(value)
            .map(Value::Number)
            .ok_or_else(|| E::custom("number out of range"))
    }

    fn visit_str<E>(self, value: &str) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_string<E>(self, value: String) -> Result<Value, E> {
        Ok(value.into())
    }

    fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Value, A::Error> {
        let element = self.descend()?;
        let mut values = Vec::new();
        while let Some(value) = items.next_element_seed(element)? {
            self.spend(1)?;
            values.push(value);
        }
        Ok(values.into())
    }

    fn visit_map<A: MapAccess<'de>>(self, mut members: A) -> Result<Value, A::Error> {
        let member = self.descend()?;
        self.spend(OBJECT_COST)?;
        let mut values = Map::new();
        while let Some(Key(key)) = members.next_key()? {
            if values.contains_key(&key) {
                return Err(A::Error::custom(format!("duplicate key `{}`", quote(key))));
            }
            self.spend(1)?;
            values.insert(key, members.next_value_seed(member)?);
        }
        Ok(values.into())
    }
}

#[derive(Deserialize)]
struct Key(String);
