//! The results of the operations.
use sea_orm::prelude::DateTimeWithTimeZone;
use serde::Deserialize;

use super::RowState;

/// A row with its base columns.
#[derive(Debug)]
pub struct Found<R, S = RowState> {
    pub id: i64,
    pub created_at: DateTimeWithTimeZone,
    pub state: S,
    /// True if the actor sees the private fields of this row.
    pub is_full: bool,
    pub row: R,
}

#[derive(Debug)]
pub struct RowPage<R, S = RowState> {
    pub rows: Vec<Found<R, S>>,
    /// The number of all rows that match, if the caller asked for it.
    pub total: Option<u64>,
    /// The cursors to the next and the previous page, if there is one.
    pub next: Option<String>,
    pub prev: Option<String>,
}

/// The choice of whether a read shows deleted rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Deleted {
    #[default]
    Exclude,
    Include,
    Only,
}
