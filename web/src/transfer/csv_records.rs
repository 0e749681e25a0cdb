//! Splits CSV (RFC 4180) into records of cells.
//!
//! This uses csv-core, the state machine of the crate csv. The reader of csv has no limit on the length of a record: after a
//! quote that is never closed it would hold the rest of the text in memory.
use std::io::{self, BufRead};

use csv_core::{ReadRecordResult, Reader};

use super::record::MAX_RECORD;

/// The most cells of one record.
const MAX_CELLS: usize = 1_000;

/// The next record.
pub enum Found {
    /// A record, whose cells [`CsvRecords::cells`] returns.
    Cells,
    TooLong,
    /// The text ends inside a quote.
    Unclosed,
}

pub struct CsvRecords<R> {
    input: R,
    machine: Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
    /// The bytes and the cells of the current record.
    size: usize,
    count: usize,
    lines: LineEnds,
    /// The line where the current record begins.
    line: u64,
}

impl<R: BufRead> CsvRecords<R> {
    pub fn new(input: R) -> Self {
        Self {
            input,
            machine: Reader::new(),
            text: vec![0; MAX_RECORD],
            ends: vec![0; MAX_CELLS],
            size: 0,
            count: 0,
            lines: LineEnds::default(),
            line: 0,
        }
    }

    pub fn line(&self) -> u64 {
        self.line
    }

    /// Returns the size of the current record in bytes.
    pub fn size(&self) -> usize {
        self.size
    }

    pub fn cells(&self) -> impl Iterator<Item = &[u8]> {
        let ends = &self.ends[..self.count];
        let starts = [0].into_iter().chain(ends.iter().copied());
        starts.zip(ends).map(|(start, end)| &self.text[start..*end])
    }

    /// Reads the next record. The cells of a record that is too long are dropped.
    pub fn next(&mut self) -> io::Result<Option<Found>> {
        self.skip_line_ends()?;
        self.line = self.lines.count + 1;
        (self.size, self.count) = (0, 0);
        let (mut is_too_long, mut has_begun) = (false, false);
        loop {
            let input = self.input.fill_buf()?;
            if input.is_empty() {
                return Ok(has_begun.then(|| self.end(is_too_long)));
            }
            has_begun = true;
            let (text, ends) = (&mut self.text[self.size..], &mut self.ends[self.count..]);
            let (result, read, size, count) = self.machine.read_record(input, text, ends);
            self.lines.read(&input[..read]);
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
                ReadRecordResult::Record => return Ok(Some(Found::Cells)),
            }
        }
    }

    /// Ends the last record of a text that has no final line end. At the end of a text the state machine accepts every record
    /// as complete, so a truncated file would go unnoticed. Passing the missing line end instead ends the record unless a
    /// quote is open.
    fn end(&mut self, mut is_too_long: bool) -> Found {
        loop {
            let (text, ends) = (&mut self.text[self.size..], &mut self.ends[self.count..]);
            let (result, _, size, count) = self.machine.read_record(b"\n", text, ends);
            self.size += size;
            self.count += count;
            match result {
                ReadRecordResult::OutputFull | ReadRecordResult::OutputEndsFull => {
                    is_too_long = true;
                    (self.size, self.count) = (0, 0);
                }
                ReadRecordResult::Record if is_too_long => return Found::TooLong,
                ReadRecordResult::Record => return Found::Cells,
                ReadRecordResult::InputEmpty | ReadRecordResult::End => return Found::Unclosed,
            }
        }
    }

    /// The state machine skips them too, but then the line where the record begins would be unknown.
    fn skip_line_ends(&mut self) -> io::Result<()> {
        loop {
            let input = self.input.fill_buf()?;
            let is_line_end = |byte: &u8| matches!(byte, b'\r' | b'\n');
            let ends = input.iter().take_while(|byte| is_line_end(byte)).count();
            self.lines.read(&input[..ends]);
            self.input.consume(ends);
            if ends == 0 {
                return Ok(());
            }
        }
    }
}

/// Counts line ends like an editor: CR, LF, and CR LF as one.
#[derive(Default)]
struct LineEnds {
    count: u64,
    was_cr: bool,
}

impl LineEnds {
    fn read(&mut self, text: &[u8]) {
        for byte in text {
            let is_second = *byte == b'\n' && self.was_cr;
            self.was_cr = *byte == b'\r';
            self.count += u64::from(matches!(byte, b'\r' | b'\n') && !is_second);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::thread;

    use csv::ReaderBuilder;

    use super::*;

    /// Returns all records, whether the last one has an open quote, and the line where each begins.
    fn parse(text: &str) -> (Vec<Vec<String>>, bool, Vec<u64>) {
        let (mut all, mut lines) = (Vec::new(), Vec::new());
        let mut records = CsvRecords::new(text.as_bytes());
        while let Some(found) = records.next().unwrap() {
            lines.push(records.line());
            match found {
                Found::Cells => {
                    let cell = |cell: &[u8]| String::from_utf8(cell.to_vec()).unwrap();
                    all.push(records.cells().map(cell).collect());
                }
                Found::Unclosed => return (all, true, lines),
                Found::TooLong => panic!("{text:?} is short"),
            }
        }
        (all, false, lines)
    }

    /// Returns the records that the reader of the crate csv finds.
    fn parse_with_csv(text: &str) -> Vec<Vec<String>> {
        let mut reader = ReaderBuilder::new()
            .has_headers(false)
            .flexible(true)
            .from_reader(text.as_bytes());
        let cells = |record: csv::StringRecord| record.iter().map(str::to_owned).collect();
        reader
            .records()
            .map(|record| cells(record.unwrap()))
            .collect()
    }

    /// Tries every text of up to seven of these characters.
    #[test]
    fn records_are_those_of_the_csv_crate_and_open_quotes_are_found() {
        let characters = ['a', ',', '"', '\n', '\r'];
        let mut texts = vec![String::new()];
        let mut first = 0;
        for _ in 0..7 {
            let last = texts.len();
            for place in first..last {
                for character in characters {
                    texts.push(format!("{}{character}", texts[place]));
                }
            }
            first = last;
        }
        // Two threads, because this is many texts for one.
        thread::scope(|threads| {
            for half in texts.chunks(texts.len().div_ceil(2)) {
                threads.spawn(move || {
                    for text in half {
                        compare_with_csv(text);
                    }
                });
            }
        });
    }

    fn compare_with_csv(text: &str) {
        let (all, is_open, lines) = parse(text);
        // Text after a line end is a new record, unless the line end is inside a quote.
        let followed = parse_with_csv(&format!("{text}\nend\n"));
        let is_closed = followed.last() == Some(&vec!["end".to_owned()]);

        assert_eq!(is_open, !is_closed, "{text:?}");
        let expected = parse_with_csv(text);
        assert_eq!(all, expected[..all.len()], "{text:?}");
        assert_eq!(all.len() + usize::from(is_open), expected.len(), "{text:?}");
        assert!(lines.is_sorted(), "{text:?}");
    }

    #[test]
    fn lines_are_counted_as_editors_count_them() {
        let (_, _, lines) = parse("a\rb\nc\r\nd\n\ne,\"\r\n\r\"\rf");

        assert_eq!(lines, [1, 2, 3, 4, 6, 9]);
    }
}
