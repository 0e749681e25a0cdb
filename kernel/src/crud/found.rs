//! What the operations answer.
use sea_orm::prelude::DateTimeWithTimeZone;
use serde::Deserialize;

use super::RowState;

/// A row, with what every list shows of it.
#[derive(Debug)]
pub struct Found<R, S = RowState> {
    pub id: i64,
    pub created_at: DateTimeWithTimeZone,
    pub state: S,
    /// Whether the actor sees the private fields of this row.
    pub is_full: bool,
    pub row: R,
}

#[derive(Debug)]
pub struct Page<R, S = RowState> {
    pub rows: Vec<Found<R, S>>,
    /// How many rows match in all, when that was asked for.
    pub total: Option<u64>,
    /// Cursors to what follows and what precedes, where there is something.
    pub next: Option<String>,
    pub prev: Option<String>,
}

/// Which rows a read shows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deleted {
    #[default]
    Exclude,
    Include,
    Only,
}
