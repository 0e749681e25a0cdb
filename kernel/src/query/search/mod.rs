//! Full-text search: what `q` asks for, read once, and found in the side table that every write of a row keeps in step.
mod find;
mod index;
mod parse;

use std::{collections::BTreeSet, fmt::Debug};

pub use index::{index, index_changed};

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

impl Search {
    /// What is looked for, however the client wrote it.
    pub fn meaning(&self) -> [BTreeSet<(&[String], bool)>; 2] {
        [&self.wanted, &self.unwanted].map(|terms| {
            let terms = terms.iter();
            terms
                .map(|term| (term.words.as_slice(), term.is_prefix))
                .collect()
        })
    }
}

/// A word or a phrase: its words one after the other, folded as those of a row are.
#[derive(Debug, PartialEq, Eq)]
struct Term {
    words: Vec<String>,
    /// Whether words that begin with the last one will do.
    is_prefix: bool,
}
