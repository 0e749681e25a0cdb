//! Splits text into batches of records, on a thread of its own because parsing uses the CPU and CSV readers are not asynchronous.
use std::io::{self, BufReader, Cursor, Read};

use kernel::{Code, Refusal, resource::author_column};
use serde_json::Value;
use tokio::sync::mpsc::Sender;

use super::{
    Format,
    csv_table::CsvTable,
    fields::Fields,
    ndjson::NdjsonReader,
    record::{Raw, Record, RecordReader, shape},
    references::References,
};
use crate::resource::{New, Writable};

/// The most records of a batch, which one transaction writes.
const MAX_RECORDS: usize = 1_000;
/// The approximate size of a batch in bytes.
const MAX_SIZE: usize = 8 * 1024 * 1024;

const BUFFER: usize = 64 * 1024;
const BYTE_ORDER_MARK: [u8; 3] = *b"\xef\xbb\xbf";

/// Settings of the reading side.
#[derive(Debug, Clone)]
pub struct Reading {
    pub format: Format,
    /// The number of records to skip at the beginning.
    pub skip: u64,
    /// True if the session gives records without an author to a user.
    pub has_author: bool,
    /// References to look up by name, such as `author.username`.
    pub map: Vec<String>,
}

/// The fields and references that records may have.
struct Known {
    fields: Fields,
    references: References,
}

/// At most [`MAX_RECORDS`] records.
pub type Batch<N> = Vec<Record<N>>;

/// The reason why reading stopped.
pub enum ReadError {
    /// This line makes all later ones unusable.
    Refused(u64, Refusal),
    /// The text could not be read to its end. Its last, incomplete batch is dropped.
    Broken(io::Error),
}

/// Reads to the end, or until the receiver of the batches is closed.
pub fn read<V: Writable>(
    mut text: impl Read,
    reading: &Reading,
    batches: &Sender<Batch<New<V>>>,
) -> Result<(), ReadError> {
    let broken = ReadError::Broken;
    let text = BufReader::with_capacity(
        BUFFER,
        skip_byte_order_mark(&mut text).map_err(broken)?.chain(text),
    );
    let known = Known {
        fields: Fields::new::<V>(),
        references: References::new::<V::Service>(&reading.map),
    };
    let mut records: Box<dyn RecordReader + '_> = match reading.format {
        Format::Ndjson => Box::new(NdjsonReader::new(text)),
        Format::Csv => {
            let table = CsvTable::new(text, &known.fields).map_err(broken)?;
            Box::new(table.map_err(|(line, refusal)| ReadError::Refused(line, refusal))?)
        }
    };
    let mut line = 1;
    for _ in 0..reading.skip {
        let raw = records.next().map_err(broken)?;
        let missing = || Refusal::new("", Code::OutOfRange, "there are fewer records than `skip`");
        line = raw.ok_or_else(|| ReadError::Refused(line, missing()))?.line;
    }
    let (mut batch, mut size) = (Vec::new(), 0);
    while let Some(raw) = records.next().map_err(broken)? {
        let is_full = batch.len() == MAX_RECORDS || size + raw.size > MAX_SIZE;
        if is_full && !batch.is_empty() {
            if batches.blocking_send(std::mem::take(&mut batch)).is_err() {
                return Ok(());
            }
            size = 0;
        }
        size += raw.size;
        batch.push(record::<V>(raw, &known, reading.has_author));
    }
    // If the receiver is closed, there is nothing to do.
    let _ = batches.blocking_send(batch);
    Ok(())
}

/// Reads the first bytes and drops the byte order mark that some programs write before UTF-8.
fn skip_byte_order_mark(text: &mut impl Read) -> io::Result<Cursor<Vec<u8>>> {
    let mut first = Vec::new();
    text.by_ref()
        .take(BYTE_ORDER_MARK.len() as u64)
        .read_to_end(&mut first)?;
    if first == BYTE_ORDER_MARK {
        first.clear();
    }
    Ok(Cursor::new(first))
}

fn record<V: Writable>(raw: Raw, known: &Known, has_author: bool) -> Record<New<V>> {
    let Raw { line, value, .. } = raw;
    let refused = |refusal: Refusal| Record {
        line,
        new: Err(vec![refusal]),
        names: Vec::new(),
        waiting: None,
    };
    let mut value = match value {
        Ok(value) => value,
        Err(refusal) => return refused(refusal),
    };
    let (mut names, mut waits) = (Vec::new(), false);
    if let Value::Object(members) = &mut value {
        let author = author_column::<V::Service>().filter(|_| has_author);
        let has_default = |column: &str| author == Some(column);
        (names, waits) = match known.references.take(members, has_default) {
            Ok(taken) => taken,
            Err(refusal) => return refused(refusal),
        };
        known.fields.keep_settable(members);
    }
    let (new, waiting) = if waits {
        (Err(Vec::new()), Some(value))
    } else {
        (shape::<V>(value), None)
    };
    Record {
        line,
        new,
        names,
        waiting,
    }
}
