//! What the operations answer.
use sea_orm::prelude::DateTimeWithTimeZone;
use serde::Deserialize;

/// A row, with what every resource has.
#[derive(Debug)]
pub struct Found<R> {
    pub id: i64,
    pub created_at: DateTimeWithTimeZone,
    pub updated_at: DateTimeWithTimeZone,
    pub deleted_at: Option<DateTimeWithTimeZone>,
    pub version: i64,
    /// Whether the actor sees the private fields of this row.
    pub is_full: bool,
    pub row: R,
}

#[derive(Debug)]
pub struct Page<R> {
    pub rows: Vec<Found<R>>,
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
