//! Text into chunks of records: on a thread of its own, since parsing is work, and readers of CSV are not asynchronous.
use std::io::{self, BufReader, Cursor, Read};

use serde_json::Value;
use service::Refusal;
use tokio::sync::mpsc::Sender;

use super::{
    Format,
    fields::Fields,
    lines::Lines,
    record::{Raw, Record, Split, shape},
    references::References,
    table::Table,
};
use crate::http::Resource;

/// Records of a chunk, which is what one transaction writes.
const MAX_RECORDS: usize = 1_000;
/// Bytes of a chunk, more or less.
const MAX_SIZE: usize = 8 * 1024 * 1024;

const BUFFER: usize = 64 * 1024;
const MARK: [u8; 3] = *b"\xef\xbb\xbf";

/// What is read, and how.
#[derive(Debug, Clone)]
pub struct Reading {
    pub format: Format,
    /// Records at the beginning that are left out.
    pub skip: u64,
    /// Whose those are that name no author.
    pub author: Option<i64>,
    /// References that are looked up by their names, such as `author.username`.
    pub map: Vec<String>,
}

/// What records may say.
struct Known {
    fields: Fields,
    references: References,
}

/// At most [`MAX_RECORDS`] records.
pub type Chunk<N> = Vec<Record<N>>;

/// Why nothing more comes.
pub enum Unreadable {
    /// The line, and what is wrong with it for all that follow.
    Refused(u64, Refusal),
    /// The text broke off. What had come of its last chunk is not there.
    Broken(io::Error),
}

/// Reads to the end, or until nobody wants more.
pub fn read<R: Resource>(
    mut text: impl Read,
    reading: &Reading,
    chunks: &Sender<Chunk<R::New>>,
) -> Result<(), Unreadable> {
    let broken = Unreadable::Broken;
    let text =
        BufReader::with_capacity(BUFFER, without_mark(&mut text).map_err(broken)?.chain(text));
    let known = Known {
        fields: Fields::of::<R>(),
        references: References::of::<R>(&reading.map),
    };
    let mut records: Box<dyn Split + '_> = match reading.format {
        Format::Ndjson => Box::new(Lines::new(text)),
        Format::Csv => {
            let table = Table::new(text, &known.fields).map_err(broken)?;
            Box::new(table.map_err(|(line, refusal)| Unreadable::Refused(line, refusal))?)
        }
    };
    let mut line = 1;
    for _ in 0..reading.skip {
        let raw = records.next().map_err(broken)?;
        let missing = || {
            Refusal::new(
                "",
                "out_of_range",
                "is the last: there are not as many to skip",
            )
        };
        line = raw
            .ok_or_else(|| Unreadable::Refused(line, missing()))?
            .line;
    }
    let (mut chunk, mut size) = (Vec::new(), 0);
    while let Some(raw) = records.next().map_err(broken)? {
        let is_full = chunk.len() == MAX_RECORDS || size + raw.size > MAX_SIZE;
        if is_full && !chunk.is_empty() {
            if chunks.blocking_send(std::mem::take(&mut chunk)).is_err() {
                return Ok(());
            }
            size = 0;
        }
        size += raw.size;
        chunk.push(record::<R>(raw, &known, reading.author));
    }
    // Where nobody is there any more, nobody misses it.
    let _ = chunks.blocking_send(chunk);
    Ok(())
}

/// The first bytes, unless they are the byte order mark that some programs write before UTF-8.
fn without_mark(text: &mut impl Read) -> io::Result<Cursor<Vec<u8>>> {
    let mut first = Vec::new();
    text.by_ref()
        .take(MARK.len() as u64)
        .read_to_end(&mut first)?;
    if first == MARK {
        first.clear();
    }
    Ok(Cursor::new(first))
}

fn record<R: Resource>(raw: Raw, known: &Known, author: Option<i64>) -> Record<R::New> {
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
        let has_default = |column: &str| column == "author_id" && author.is_some();
        (names, waits) = match known.references.take(members, has_default) {
            Ok(taken) => taken,
            Err(refusal) => return refused(refusal),
        };
        known.fields.keep_settable(members);
        if let Some(author) = author {
            members.entry("author_id").or_insert_with(|| author.into());
        }
    }
    let (new, waiting) = match waits {
        true => (Err(Vec::new()), Some(value)),
        false => (shape::<R>(value), None),
    };
    Record {
        line,
        new,
        names,
        waiting,
    }
}
