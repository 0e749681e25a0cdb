//! Records on their way from text to what a client sets.
use std::io;

use serde_json::Value;
use service::Refusal;

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
}

/// Takes text apart. Fails where the text itself breaks off.
pub trait Split {
    fn next(&mut self) -> io::Result<Option<Raw>>;
}

pub fn too_long() -> Refusal {
    Refusal::new("", "too_long", format!("is longer than {MAX_RECORD} bytes"))
}
