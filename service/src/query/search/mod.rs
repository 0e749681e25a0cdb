//! Full-text search: what `q` asks for, read once, and found in the side table that the migrations keep in step.
mod find;
mod parse;

use std::fmt::Debug;

/// Characters of one `q`: they hold at most fifty words.
pub const MAX_SEARCH: usize = 100;

/// Bytes that the last word needs to stand for all that begin with it: shorter ones begin too many.
const MIN_PREFIX: usize = 3;

/// What must be there, and what must not. Nothing is found where nothing must be there: all of it was punctuation.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Search {
    wanted: Vec<Term>,
    unwanted: Vec<Term>,
}

/// A word or a phrase as the client wrote it: the database takes the words out of it as it does out of a row.
#[derive(Debug, PartialEq, Eq)]
struct Term {
    text: String,
    /// Whether words that begin with the last one will do.
    is_prefix: bool,
}
