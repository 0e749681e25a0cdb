//! Reads CSV with a header as objects.
use std::io::{self, BufRead};

use kernel::{Code, Refusal};
use serde_json::{Map, Value};

use super::{
    csv_records::{CsvRecords, Found},
    fields::{Fields, Kind},
    record::{Raw, RecordReader, too_long},
};
use crate::json;

pub struct CsvTable<R> {
    records: CsvRecords<R>,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    /// `None` if the cells of the column are ignored.
    kind: Option<Kind>,
}

impl<R: BufRead> CsvTable<R> {
    /// Reads the header. Every column must be a known field and must not be repeated.
    pub fn new(input: R, fields: &Fields) -> io::Result<Result<Self, (u64, Refusal)>> {
        let mut records = CsvRecords::new(input);
        let found = records.next()?;
        let columns = match found {
            Some(Found::Cells) => header(&records, fields),
            Some(Found::TooLong) => Err(too_long()),
            Some(Found::Unclosed) => Err(unclosed()),
            None => Err(Refusal::new(
                "",
                Code::Required,
                "must begin with a header that names the columns",
            )),
        };
        let line = records.line();
        Ok(match columns {
            Ok(columns) => Ok(Self { records, columns }),
            Err(refusal) => Err((line, refusal)),
        })
    }

    fn object(&self) -> Result<Value, Refusal> {
        let (has, needs) = (self.records.cells().count(), self.columns.len());
        if has != needs {
            let detail = format!("has {has} cells, but the header has {needs}");
            return Err(malformed("", detail));
        }
        let mut members = Map::new();
        for (column, cell) in self.columns.iter().zip(self.records.cells()) {
            let Some(kind) = column.kind.filter(|_| !cell.is_empty()) else {
                continue;
            };
            let cell = str::from_utf8(cell);
            let cell = cell.map_err(|_| malformed(&column.name, "is not UTF-8"))?;
            let value = kind.read(cell).map_err(|error| {
                let at = format!("/{}", json::escape(&column.name));
                Refusal::new(at, Code::WrongType, format!("must be JSON: {error}"))
            })?;
            members.insert(column.name.clone(), value);
        }
        Ok(members.into())
    }
}

fn header<R: BufRead>(records: &CsvRecords<R>, fields: &Fields) -> Result<Vec<Column>, Refusal> {
    let mut columns: Vec<Column> = Vec::new();
    let is_alone = records.cells().count() == 1;
    for cell in records.cells() {
        let name = str::from_utf8(cell).map_err(|_| malformed("", "is not UTF-8"))?;
        let other = [(';', "semicolons"), ('\t', "tabs")].into_iter();
        if let Some((_, other)) = other
            .clone()
            .find(|(mark, _)| is_alone && name.contains(*mark))
        {
            let detail = format!("columns must be separated by commas, not {other}");
            return Err(malformed("", detail));
        }
        let refused = |code, detail| Refusal::new(format!("/{}", json::escape(name)), code, detail);
        if !fields.is_known(name) {
            return Err(refused(Code::UnknownField, "unknown field"));
        }
        if columns.iter().any(|column| column.name == name) {
            return Err(refused(Code::Duplicate, "is repeated in the header"));
        }
        columns.push(Column {
            name: name.to_owned(),
            kind: fields.kind(name),
        });
    }
    Ok(columns)
}

fn malformed(name: &str, detail: impl Into<String>) -> Refusal {
    let slash = if name.is_empty() { "" } else { "/" };
    Refusal::new(format!("{slash}{name}"), Code::Malformed, detail)
}

fn unclosed() -> Refusal {
    malformed("", "ends inside a quote")
}

impl<R: BufRead> RecordReader for CsvTable<R> {
    fn next(&mut self) -> io::Result<Option<Raw>> {
        let Some(found) = self.records.next()? else {
            return Ok(None);
        };
        let value = match found {
            Found::Cells => self.object(),
            Found::TooLong => Err(too_long()),
            Found::Unclosed => Err(unclosed()),
        };
        Ok(Some(Raw {
            line: self.records.line(),
            size: self.records.size(),
            value,
        }))
    }
}
