//! Values as cells of CSV, none of which a spreadsheet runs as a formula, and back without loss.
//!
//! A text that begins like a formula gets an apostrophe in front (OWASP, "CSV injection"). So that it can be taken away
//! again, a text that looks like one with such apostrophes gets one more; so does one that is nothing but apostrophes,
//! and the empty text, which the empty cell, for what is absent, could not be told from.
use std::borrow::Cow;

use serde_json::Value;

const MARK: char = '\'';

/// Those of OWASP, the full-width forms included, which some spreadsheets read alike.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Null is the empty cell; lists are JSON.
pub fn write(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::String(text) if is_marked(text) => format!("{MARK}{text}").into(),
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

/// The text of a cell that is not empty.
pub fn read(cell: &str) -> &str {
    match cell.strip_prefix(MARK) {
        Some(text) if is_marked(text) => text,
        _ => cell,
    }
}

/// Whether a text has a mark in its cell.
fn is_marked(text: &str) -> bool {
    let rest = text.trim_start_matches(MARK);
    rest.is_empty() || rest.starts_with(FORMULA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_run_and_every_text_comes_back() {
        let parts = [
            "", "'", "''", "=", "-1", "@", "\t", "\r", "\n", "＝", "a", "'a", " =",
        ];
        for (first, second) in parts.iter().flat_map(|a| parts.map(|b| (*a, b))) {
            let text = format!("{first}{second}");
            let value = Value::from(text.clone());

            let cell = write(&value);

            assert!(!cell.is_empty() && !cell.starts_with(FORMULA), "{text:?}");
            assert_eq!(read(&cell), text);
        }
    }

    #[test]
    fn a_plain_text_is_as_it_is() {
        for text in ["a", "'a", "it's = 1", "1-2", "''a"] {
            assert_eq!(write(&text.into()), text);
            assert_eq!(read(text), text);
        }
    }
}
