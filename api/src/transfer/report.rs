//! What came of an import.
use schemars::JsonSchema;
use serde::Serialize;
use service::Refusal;

/// Errors of one report.
pub const MAX_ERRORS: usize = 100;

#[derive(Debug, Clone, Default, JsonSchema, Serialize)]
#[schemars(rename = "Import")]
pub struct Report {
    /// Records that were read, those that were skipped included.
    pub lines: u64,
    pub created: u64,
    pub refused: u64,
    /// Records that need not be sent again: what `skip` takes to go on from there.
    pub committed_lines: u64,
    /// Whether it was only tried: then nothing is committed.
    pub dry_run: bool,
    /// The first ones.
    #[schemars(length(max = 100))]
    pub errors: Vec<LineError>,
}

#[derive(Debug, Clone, JsonSchema, Serialize)]
pub struct LineError {
    /// Where the record begins, counted from 1 as an editor does.
    pub line: u64,
    /// Which of its fields; empty where it is all of it.
    pub pointer: String,
    pub code: String,
    pub detail: String,
}

impl Report {
    pub fn refuse(&mut self, line: u64, refusals: Vec<Refusal>) {
        self.refused += 1;
        self.complain(line, refusals);
    }

    pub fn complain(&mut self, line: u64, refusals: Vec<Refusal>) {
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
