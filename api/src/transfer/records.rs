//! CSV (RFC 4180) taken apart: records of cells, with anything in them.
//!
//! This stands on the state machine beneath the crate csv. The reader of that crate keeps a record as long as it gets:
//! with a quote that is never closed, all that follows.
use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Reader};

use super::record::MAX_RECORD;

/// Cells of one record.
const MAX_CELLS: usize = 1_000;

/// What the next record is.
pub enum Found {
    /// As [`Records::cells`] gives them.
    Cells,
    TooLong,
    /// A quote in it is open where the text ends.
    Unclosed,
}

pub struct Records<R> {
    input: R,
    machine: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// Bytes and cells of this record.
    size: usize,
    count: usize,
    /// Line ends that were read.
    lines: u64,
    /// Where this record begins.
    line: u64,
}

impl<R: BufRead> Records<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            machine: Reader::new(),
            text: vec![0; MAX_RECORD],
            ends: vec![0; MAX_CELLS],
            size: 0,
            count: 0,
            lines: 0,
            line: 0,
        }
    }

    pub fn line(&self) -> u64 {
        self.line
    }

    /// Bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let ends = &self.ends[..self.count];
        let starts = [0].into_iter().chain(ends.iter().copied());
        starts.zip(ends).map(|(start, end)| &self.text[start..*end])
    }

    /// Of a record that is too long only its end is found.
    pub fn next(&mut self) -> io::Result<Option<Found>> {
        self.skip_line_ends()?;
        self.line = self.lines + 1;
        (self.size, self.count) = (0, 0);
        let (mut is_too_long, mut quotes) = (false, 0);
        loop {
            let input = self.input.fill_buf()?;
            let is_end = input.is_empty();
            let (text, ends) = (&mut self.text[self.size..], &mut self.ends[self.count..]);
            let (result, read, size, count) = self.machine.read_record(input, text, ends);
            self.lines += number(input, read, b'\n');
            quotes += number(input, read, b'"');
            self.input.consume(read);
            self.size += size;
            self.count += count;
            match result {
                ReadRecordResult::InputEmpty => {}
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    is_too_long = true;
                    (self.size, self.count) = (0, 0);
                }
                ReadRecordResult::End => return Ok(None),
                ReadRecordResult::Record if is_too_long => return Ok(Some(Found::TooLong)),
                // The machine takes the end for the end of the record: half of a file would pass for all of it.
                ReadRecordResult::Record if is_end && quotes % 2 == 1 => {
                    return Ok(Some(Found::Unclosed));
                }
                ReadRecordResult::Record => return Ok(Some(Found::Cells)),
            }
        }
    }

    /// The machine skips them too, but then nobody would know on which line the record begins.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.input.fill_buf()?;
            let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
            let ends = input.iter().take_while(|byte| is_line_end(byte)).count();
            self.lines += number(input, ends, b'\n');
            self.input.consume(ends);
            if ends == 0 {
                return Ok(());
            }
        }
    }
}

fn number(input: &[u8], among: usize, byte: u8) -> u64 {
    let input = input[..among].iter();
    input.map(|it| u64::from(*it == byte)).sum()
}
