//! Remembers what was found in long texts, such as the tables that a statement names. Few texts come again and again.
use std::{cell::RefCell, collections::HashMap};

use foldhash::fast::RandomState;

/// The most bytes of the texts that a thread remembers. When they are full, it begins anew.
const MAX: usize = 512 * 1024;

/// A longer text is not remembered: it is that of a bulk request or of a long filter, which hardly comes again.
const MAX_TEXT: usize = 16 * 1024;

/// A memory of what was found in texts. Each thread has its own, so that none waits for another.
pub struct Texts<T>(RefCell<Known<T>>);

struct Known<T> {
    found: HashMap<Box<str>, T, RandomState>,
    bytes: usize,
}

impl<T: Clone> Texts<T> {
    pub fn new() -> Self {
        Self(RefCell::new(Known {
            found: HashMap::default(),
            bytes: 0,
        }))
    }

    /// Returns what `find` found in the text, now or earlier. It must depend on nothing but the text.
    pub fn get(&self, text: &str, find: impl FnOnce(&str) -> T) -> T {
        let known = self.0.borrow().found.get(text).cloned();
        known.unwrap_or_else(|| {
            let found = find(text);
            self.0.borrow_mut().remember(text, found.clone());
            found
        })
    }
}

impl<T> Known<T> {
    fn remember(&mut self, text: &str, found: T) {
        if text.len() > MAX_TEXT {
            return;
        }
        if self.bytes + text.len() > MAX {
            self.found.clear();
            self.bytes = 0;
        }
        self.bytes += text.len();
        self.found.insert(text.into(), found);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_text_that_comes_again_is_not_searched_again() {
        let texts = Texts::new();

        assert_eq!(texts.get("one", |_| 1), 1);
        assert_eq!(texts.get("other", |_| 2), 2);

        assert_eq!(texts.get("one", |_| 3), 1);
        assert_eq!(texts.get("other", |_| 3), 2);
    }

    #[test]
    fn the_texts_are_bounded_by_their_bytes() {
        let texts = Texts::new();
        let text = |number: usize| format!("{number:08}{}", "x".repeat(MAX_TEXT - 8));

        for number in 0..1_000 {
            assert_eq!(texts.get(&text(number), |_| number), number);
            assert!(texts.0.borrow().found.len() * MAX_TEXT <= MAX);
        }
        assert_eq!(texts.get(&text(999), |_| 0), 999);

        let longer = text(7) + "x";
        assert_eq!(texts.get(&longer, |_| 1), 1);
        assert_eq!(texts.get(&longer, |_| 2), 2);
    }
}
