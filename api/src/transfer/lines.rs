//! NDJSON: a record a line.
use std::io::{self, BufRead, Read};

use service::Refusal;

use super::record::{MAX_RECORD, Raw, Split, too_long};
use crate::http::json;

pub struct Lines<R> {
    input: R,
    line: u64,
    text: Vec<u8>,
}

impl<R: BufRead> Lines<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            line: 0,
            text: Vec::new(),
        }
    }

    /// Of a line that is too long only the beginning is kept.
    fn read(&mut self) -> io::Result<usize> {
        self.text.clear();
        self.line += 1;
        let most = MAX_RECORD as u64 + 1;
        let read = self
            .input
            .by_ref()
            .take(most)
            .read_until(b'\n', &mut self.text)?;
        if self.text.len() > MAX_RECORD && !self.text.ends_with(b"\n") {
            return Ok(read + self.input.skip_until(b'\n')?);
        }
        Ok(read)
    }
}

impl<R: BufRead> Split for Lines<R> {
    /// Blank lines are none.
    fn next(&mut self) -> io::Result<Option<Raw>> {
        while self.read()? > 0 {
            let value = match self.text.trim_ascii() {
                [] => continue,
                _ if self.text.len() > MAX_RECORD => Err(too_long()),
                text => json::strict(text).map_err(|error| {
                    Refusal::new(
                        "",
                        "malformed",
                        format!("is not JSON as we read it: {error}"),
                    )
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
