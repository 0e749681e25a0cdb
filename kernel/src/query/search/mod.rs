//! Full-text search: `q`, parsed once, and the side table that every write of a row updates.
mod find;
mod index;
mod parse;

use std::{collections::BTreeSet, fmt::Debug};

pub use index::{index, index_changed, words_of};

/// The most characters of one `q`. They hold at most fifty words.
pub const MAX_SEARCH: usize = 100;

/// The least bytes of the last word that make it a prefix. Shorter prefixes match too many words.
const MIN_PREFIX: usize = 3;

/// The terms that a row must and must not contain. A search without terms, which was all punctuation, finds nothing.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Search {
    wanted: Vec<Term>,
    unwanted: Vec<Term>,
}

impl Search {
    /// Returns the meaning of the search, independent of how the client wrote it.
    pub fn meaning(&self) -> [BTreeSet<(&[String], bool)>; 2] {
        [&self.wanted, &self.unwanted].map(|terms| {
            let terms = terms.iter();
            terms
                .map(|term| (term.words.as_slice(), term.is_prefix))
                .collect()
        })
    }
}

/// A word or a phrase: its words in order, normalized as those of a row are.
#[derive(Debug, PartialEq, Eq)]
struct Term {
    words: Vec<String>,
    /// True if the last word is a prefix.
    is_prefix: bool,
}
