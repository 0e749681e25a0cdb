//! Reads NDJSON, one record per line.
use std::io::{self, BufRead, Read};

use kernel::{Code, Refusal};

use super::record::{MAX_RECORD, Raw, RecordReader, too_long};
use crate::json;

pub struct NdjsonReader<R> {
    input: R,
    line: u64,
    text: Vec<u8>,
}

impl<R: BufRead> NdjsonReader<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            line: 0,
            text: Vec::new(),
        }
    }

    /// Reads a line. Only the beginning of a line that is too long is kept.
    fn read(&mut self) -> io::Result<usize> {
        self.text.clear();
        self.line += 1;
        let limit = MAX_RECORD as u64 + 1;
        let read = self
            .input
            .by_ref()
            .take(limit)
            .read_until(b'\n', &mut self.text)?;
        if self.text.len() > MAX_RECORD && !self.text.ends_with(b"\n") {
            return Ok(read + self.input.skip_until(b'\n')?);
        }
        Ok(read)
    }
}

impl<R: BufRead> RecordReader for NdjsonReader<R> {
    /// Skips blank lines.
    fn next(&mut self) -> io::Result<Option<Raw>> {
        while self.read()? > 0 {
            let value = match self.text.trim_ascii() {
                [] => continue,
                _ if self.text.len() > MAX_RECORD => Err(too_long()),
                text => json::strict(text).map_err(|error| {
                    Refusal::new("", Code::Malformed, format!("invalid JSON: {error}"))
                }),
            };
            return Ok(Some(Raw {
                line: self.line,
                size: self.text.len(),
                value,
            }));
        }
        Ok(None)
    }
}
