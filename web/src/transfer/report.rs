//! The report of an import.
use kernel::{Code, Refusal};
use schemars::JsonSchema;
use serde::Serialize;

/// The most errors of one report.
pub const MAX_ERRORS: usize = 100;
/// The most refused lines of one report.
const MAX_LINES: usize = 10_000;

#[derive(Debug, Clone, Default, JsonSchema, Serialize)]
#[schemars(rename = "ImportReport")]
pub struct Report {
    /// Records that were read, including skipped ones.
    pub lines: u64,
    pub created: u64,
    pub refused: u64,
    /// Records that are committed or skipped: send this as `skip` to continue the import.
    pub committed_lines: u64,
    /// Whether this was a dry run, which commits nothing.
    pub dry_run: bool,
    /// The lines where the first 10,000 refused records begin, counted from 1.
    #[schemars(length(max = 10_000))]
    pub refused_lines: Vec<u64>,
    /// The first 100 errors.
    #[schemars(length(max = 100))]
    pub errors: Vec<LineError>,
}

#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct LineError {
    /// The line where the record begins, counted from 1.
    pub line: u64,
    /// JSON Pointer to the field; empty for the whole record.
    pub pointer: String,
    pub code: Code,
    pub detail: String,
}

impl Report {
    pub fn refuse(&mut self, line: u64, refusals: Vec<Refusal>) {
        self.refused += 1;
        if self.refused_lines.len() < MAX_LINES {
            self.refused_lines.push(line);
        }
        self.add_errors(line, refusals);
    }

    pub fn add_errors(&mut self, line: u64, refusals: Vec<Refusal>) {
        let free = MAX_ERRORS - self.errors.len();
        let error = |Refusal { at, code, detail }| LineError {
            line,
            pointer: at,
            code,
            detail,
        };
        self.errors
            .extend(refusals.into_iter().map(error).take(free));
    }
}
