//! Unique texts that the service generates, and varies if they are taken.
use sea_orm::IdenStatic;

use crate::{Error, database::taken_field};

/// The number of times that a text is varied before the whole transaction is retried.
pub const VARIATIONS: usize = 2;

/// A text column, unique among live rows, that the service fills in when the client leaves it out.
#[derive(Debug, Clone, Copy)]
pub struct Generated<C> {
    pub column: C,
    /// The column from whose text it is made.
    pub source: C,
    pub make: fn(source: &str) -> String,
    /// Returns another text in place of one that is taken. `attempt` is less than [`VARIATIONS`]; a higher one must be
    /// less likely to return a text that is taken too.
    pub vary: fn(text: &str, attempt: usize) -> String,
}

impl<C: IdenStatic> Generated<C> {
    pub fn named(self) -> Generated<&'static str> {
        Generated {
            column: self.column.as_str(),
            source: self.source.as_str(),
            make: self.make,
            vary: self.vary,
        }
    }
}

impl Generated<&'static str> {
    /// Returns true if a row was refused because another live row has its text.
    pub fn is_taken(&self, refusal: &Error) -> bool {
        refusal.is_at(&format!("/{}", taken_field(self.column)))
    }
}
