//! A record, from text to the input of a creation.
use std::io;

use kernel::{Code, CrudOperations, Refusal};
use serde_json::Value;

use super::references::Named;
use crate::{
    json,
    resource::{New, Writable},
};

/// The most bytes of one record. A longer one is refused without using more memory.
pub const MAX_RECORD: usize = 1024 * 1024;

/// One parsed record, or why it cannot be parsed.
pub struct Raw {
    /// The line where the record begins, counted from 1.
    pub line: u64,
    /// The size in bytes.
    pub size: usize,
    pub value: Result<Value, Refusal>,
}

/// One record, valid or refused.
pub struct Record<N> {
    pub line: u64,
    pub new: Result<N, Vec<Refusal>>,
    /// The references that it makes by name.
    pub names: Vec<Named>,
    /// The record itself, if a reference must be looked up before it is validated. Until then `new` is an empty `Err`.
    pub waiting: Option<Value>,
}

impl<N> Record<N> {
    pub fn refuse(&mut self, refusal: Refusal) {
        match &mut self.new {
            Ok(_) => self.new = Err(vec![refusal]),
            Err(refusals) => refusals.push(refusal),
        }
    }
}

/// Validates a record whose fields are all settable.
pub fn shape<V: Writable>(value: Value) -> Result<New<V>, Vec<Refusal>> {
    let new = json::check(&value);
    let new = new.and_then(|()| json::input(value, Vec::new(), V::Service::check_new));
    new.map_err(|error| error.refusals().unwrap_or_default())
}

/// Splits a text into records. Fails if the text cannot be read to its end.
pub trait RecordReader {
    fn next(&mut self) -> io::Result<Option<Raw>>;
}

pub fn too_long() -> Refusal {
    Refusal::new(
        "",
        Code::TooLong,
        format!("must be at most {MAX_RECORD} bytes"),
    )
}
