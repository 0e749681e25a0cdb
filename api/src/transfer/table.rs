//! CSV as objects: a header names the fields.
use std::io::{self, BufRead};

use serde_json::{Map, Value};
use service::Refusal;

use super::{
    fields::{Fields, Kind},
    record::{Raw, Split, too_long},
    records::{Found, Records},
};
use crate::http::json;

pub struct Table<R> {
    records: Records<R>,
    columns: Vec<Column>,
}

struct Column {
    name: String,
    /// None where its cells are not looked at.
    kind: Option<Kind>,
}

impl<R: BufRead> Table<R> {
    /// Reads the header: every column must be known, and stand once.
    pub fn new(input: R, fields: &Fields) -> io::Result<Result<Self, (u64, Refusal)>> {
        let mut records = Records::new(input);
        let found = records.next()?;
        let columns = match found {
            Some(Found::Cells) => header(&records, fields),
            Some(Found::TooLong) => Err(too_long()),
            Some(Found::Unclosed) => Err(unclosed()),
            None => Err(Refusal::new("", "required", "must name the columns")),
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
            let detail = format!("has {has} cells, where the header has {needs}");
            return Err(malformed("", detail));
        }
        let mut members = Map::new();
        for (column, cell) in self.columns.iter().zip(self.records.cells()) {
            let Some(kind) = column.kind.filter(|_| !cell.is_empty()) else {
                continue;
            };
            let cell = str::from_utf8(cell);
            let cell = cell.map_err(|_| malformed(&column.name, "is not UTF-8"))?;
            members.insert(column.name.clone(), kind.read(cell));
        }
        Ok(members.into())
    }
}

fn header<R: BufRead>(records: &Records<R>, fields: &Fields) -> Result<Vec<Column>, Refusal> {
    let mut columns: Vec<Column> = Vec::new();
    let is_alone = records.cells().count() == 1;
    for cell in records.cells() {
        let name = str::from_utf8(cell).map_err(|_| malformed("", "is not UTF-8"))?;
        let other = [(';', "semicolons"), ('\t', "tabs")].into_iter();
        if let Some((_, other)) = other
            .clone()
            .find(|(mark, _)| is_alone && name.contains(*mark))
        {
            let detail = format!("is separated by {other}: separate the columns by commas");
            return Err(malformed("", detail));
        }
        let refused = |code, detail| Refusal::new(format!("/{}", json::escape(name)), code, detail);
        if !fields.is_known(name) {
            return Err(refused("unknown_field", "is no field of this resource"));
        }
        if columns.iter().any(|column| column.name == name) {
            return Err(refused("duplicate", "stands in the header more than once"));
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
    Refusal::new(format!("{slash}{name}"), "malformed", detail)
}

fn unclosed() -> Refusal {
    malformed("", "ends inside a quote")
}

impl<R: BufRead> Split for Table<R> {
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
