//! Parses `q`: `word`, `"a phrase"`, `-unwanted`.

use super::{MAX_SEARCH, MIN_PREFIX, Search, Term};
use crate::{Code, Refused, migration::words::words};

impl Search {
    pub fn parse(text: &str) -> Result<Self, Refused> {
        if text.contains('\0') {
            return Err((Code::NotAllowed, "must not contain U+0000".to_owned()));
        }
        if text.chars().count() > MAX_SEARCH {
            return Err((
                Code::TooLong,
                format!("must have at most {MAX_SEARCH} characters"),
            ));
        }
        let mut search = Self::default();
        let mut is_wanted = false;
        let mut rest = text.trim_start();
        if rest.is_empty() {
            return Err((Code::Required, "must not be blank".to_owned()));
        }
        while !rest.is_empty() {
            let (term, is_unwanted, after) = next(rest);
            is_wanted |= !is_unwanted;
            // Punctuation alone has no words.
            if !term.words.is_empty() {
                if is_unwanted {
                    search.unwanted.push(term);
                } else {
                    search.wanted.push(term);
                }
            }
            rest = after.trim_start();
        }
        if is_wanted {
            Ok(search)
        } else {
            Err((
                Code::NotAllowed,
                "must have a word to find, not only words to exclude".to_owned(),
            ))
        }
    }
}

/// Returns the first term, whether it is unwanted, and the text after it. A phrase without a closing quote extends to the end.
fn next(text: &str) -> (Term, bool, &str) {
    let (is_unwanted, text) = match text.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, text),
    };
    let (word, after, is_phrase) = if let Some(phrase) = text.strip_prefix('"') {
        let (phrase, after) = phrase.split_once('"').unwrap_or((phrase, ""));
        (phrase, after, true)
    } else {
        let ends = |character: char| character.is_whitespace() || character == '"';
        let (word, after) = text.split_at(text.find(ends).unwrap_or(text.len()));
        (word, after, false)
    };
    let words = words(word);
    let is_last = after.trim_start().is_empty();
    let is_long = words.last().is_some_and(|word| word.len() >= MIN_PREFIX);
    let term = Term {
        words,
        is_prefix: is_last && !is_phrase && !is_unwanted && is_long,
    };
    (term, is_unwanted, after)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Returns the wanted and the unwanted terms; `word*` is a prefix.
    fn read(text: &str) -> Result<[String; 2], Code> {
        let shown = |terms: Vec<Term>| {
            let star = |term: &Term| if term.is_prefix { "*" } else { "" };
            let shown = terms.iter().map(|term| term.words.join(" ") + star(term));
            shown.collect::<Vec<_>>().join("|")
        };
        let search = Search::parse(text).map_err(|(code, _)| code)?;
        Ok([shown(search.wanted), shown(search.unwanted)])
    }

    #[track_caller]
    fn expect(text: &str, wanted: &str, unwanted: &str) {
        assert_eq!(read(text), Ok([wanted.to_owned(), unwanted.to_owned()]));
    }

    #[test]
    fn words_phrases_and_exclusions_are_told_apart() {
        expect("rust web", "rust|web*", "");
        expect(r#"  "hello world"  -old"#, "hello world", "old");
        expect(r#"a"b c"def"#, "a|b c|def*", "");
        expect(r#"web -"old rust""#, "web", "old rust");
        expect(r#""never closed"#, "never closed", "");
        expect("foo-bar --old NOT", "foo bar|not*", "old");
        expect("of", "of", "");
    }

    #[test]
    fn what_has_no_words_is_left_out() {
        expect("!? - \"\" 🎉", "", "");
        expect("rust ::", "rust", "");
    }

    #[test]
    fn what_cannot_be_looked_for_is_refused() {
        assert_eq!(read(" \t"), Err(Code::Required));
        assert_eq!(read("-old -\"and dusty\""), Err(Code::NotAllowed));
        assert_eq!(read("a\0"), Err(Code::NotAllowed));
        assert!(read(&"ü".repeat(MAX_SEARCH)).is_ok());
        assert_eq!(read(&"ü".repeat(MAX_SEARCH + 1)), Err(Code::TooLong));
    }
}
