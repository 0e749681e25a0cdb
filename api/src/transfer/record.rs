//! Records on their way from text to what a client sets.
use std::io;

use serde_json::Value;
use service::{Error, Refusal, input};

use super::references::Named;
use crate::http::{Resource, json};

/// Bytes of one record. One that has more is refused, and takes no more memory than this.
pub const MAX_RECORD: usize = 1024 * 1024;

/// One record as it was written, or what makes it unreadable.
pub struct Raw {
    /// Where it begins, counted from 1 as an editor does.
    pub line: u64,
    /// Bytes.
    pub size: usize,
    pub value: Result<Value, Refusal>,
}

/// One record, read or refused.
pub struct Record<N> {
    pub line: u64,
    pub new: Result<N, Vec<Refusal>>,
    /// What it refers to by names.
    pub names: Vec<Named>,
    /// The record itself, where a reference is to be looked up before it is read. Until then `new` is refused for nothing.
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

/// What a client sets, of a record whose fields are all settable.
pub fn shape<R: Resource>(value: Value) -> Result<R::New, Vec<Refusal>> {
    let refused = |error: Error| error.refusals().unwrap_or_default();
    let new = json::check(&value).and_then(|()| json::shape(value));
    let new: R::New = new.map_err(refused)?;
    input::check(&new).map_err(refused)?;
    Ok(new)
}

/// Takes text apart. Fails where the text itself breaks off.
pub trait Split {
    fn next(&mut self) -> io::Result<Option<Raw>>;
}

pub fn too_long() -> Refusal {
    Refusal::new("", "too_long", format!("is longer than {MAX_RECORD} bytes"))
}
