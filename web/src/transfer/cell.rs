//! Converts values to CSV cells that no spreadsheet runs as a formula, and back without loss.
//!
//! A text that begins like a formula is prefixed with an apostrophe (OWASP, "CSV injection"). To make this reversible, a
//! text of apostrophes followed by a formula gets one more; so does a text of apostrophes only, and the empty text, to tell it
//! from the empty cell, which means null.
use std::borrow::Cow;

use serde_json::Value;

const MARK: char = '\'';

/// The characters that OWASP lists, including the full-width forms, which some spreadsheets treat alike.
const FORMULA: [char; 11] = ['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠'];

/// Writes null as the empty cell and lists as JSON.
pub fn write(value: &Value) -> Cow<'_, str> {
    match value {
        Value::Null => "".into(),
        Value::String(text) if needs_mark(text) => format!("{MARK}{text}").into(),
        Value::String(text) => text.as_str().into(),
        other => other.to_string().into(),
    }
}

/// Returns the text of a cell that is not empty.
pub fn read(cell: &str) -> &str {
    match cell.strip_prefix(MARK) {
        Some(text) if needs_mark(text) => text,
        _ => cell,
    }
}

/// Tells whether the cell of a text is prefixed.
fn needs_mark(text: &str) -> bool {
    let rest = text.trim_start_matches(MARK);
    rest.is_empty() || rest.starts_with(FORMULA)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_a_formula_and_every_text_is_restored() {
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
    fn a_plain_text_is_unchanged() {
        for text in ["a", "'a", "it's = 1", "1-2", "''a"] {
            assert_eq!(write(&text.into()), text);
            assert_eq!(read(text), text);
        }
    }
}
