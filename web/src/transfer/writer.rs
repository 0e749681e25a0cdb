//! Writes rows as NDJSON or CSV.
use csv::{Terminator, WriterBuilder};
use kernel::{
    Error, Result,
    query::Shape,
    resource::{ValueKind, declared_fields, json_fields},
};
use serde::Serialize;
use serde_json::Value;

use super::{Format, cell, columns::columns};
use crate::resource::Resource;

/// Writes the rows of one export.
pub struct Writer {
    format: Format,
    /// The fields to show, unless all are shown.
    fields: Option<Vec<String>>,
    columns: Vec<String>,
    /// The columns whose values are JSON: there a text is in quotes, which tells it from a number.
    json: Vec<&'static str>,
    /// The columns whose texts are numbers, and never formulas.
    numbers: Vec<String>,
}

impl Writer {
    pub fn new<V: Resource>(format: Format, shape: &Shape) -> Self {
        let columns = columns::<V::Service>(shape);
        let mut numbers = declared_fields::<V::Service>();
        numbers.retain(|field| matches!(field.kind, ValueKind::Int64 | ValueKind::Decimal(_)));
        Self {
            format,
            fields: shape.fields.as_ref().map(|_| columns.clone()),
            columns,
            json: json_fields::<V::Service>(),
            numbers: numbers.into_iter().map(|field| field.name).collect(),
        }
    }

    /// Returns the bytes before the first row.
    pub fn head(&self) -> Result<Vec<u8>> {
        match self.format {
            Format::Ndjson => Ok(Vec::new()),
            Format::Csv => table([&self.columns]),
        }
    }

    pub fn rows(&self, rows: &[impl Serialize]) -> Result<Vec<u8>> {
        match self.format {
            Format::Ndjson => self.lines(rows),
            Format::Csv => {
                let rows = rows.iter().map(serde_json::to_value);
                let rows = rows
                    .collect::<Result<Vec<_>, _>>()
                    .map_err(Error::internal)?;
                table(rows.iter().map(|row| self.cells(row)))
            }
        }
    }

    fn lines(&self, rows: &[impl Serialize]) -> Result<Vec<u8>> {
        let mut lines = Vec::new();
        for row in rows {
            match &self.fields {
                None => serde_json::to_writer(&mut lines, row),
                Some(fields) => {
                    select(row, fields).and_then(|row| serde_json::to_writer(&mut lines, &row))
                }
            }
            .map_err(Error::internal)?;
            lines.push(b'\n');
        }
        Ok(lines)
    }

    fn cells<'a>(&'a self, row: &'a Value) -> impl Iterator<Item = impl AsRef<[u8]> + 'a> {
        let cells = self.columns.iter();
        cells.map(|name| match &row[name.as_str()] {
            text @ Value::String(_) if self.json.contains(&name.as_str()) => text.to_string(),
            Value::String(number) if self.numbers.contains(name) => number.clone(),
            value => cell::write(value).into_owned(),
        })
    }
}

/// Keeps only the requested members and the id.
fn select(row: &impl Serialize, fields: &[String]) -> serde_json::Result<Value> {
    let mut row = serde_json::to_value(row)?;
    if let Some(members) = row.as_object_mut() {
        members.retain(|name, _| name == "id" || fields.contains(name));
    }
    Ok(row)
}

fn table<R, C>(records: impl IntoIterator<Item = R>) -> Result<Vec<u8>>
where
    R: IntoIterator<Item = C>,
    C: AsRef<[u8]>,
{
    let mut table = WriterBuilder::new()
        .terminator(Terminator::CRLF)
        .from_writer(Vec::new());
    for record in records {
        table.write_record(record).map_err(Error::internal)?;
    }
    table.into_inner().map_err(Error::internal)
}
