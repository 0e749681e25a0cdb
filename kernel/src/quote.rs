//! Limits how much of a client's own text an answer repeats.

/// The most characters of one quotation.
const MAX_QUOTE: usize = 100;

/// The most characters of one explanation, including its quotations.
const MAX_EXPLANATION: usize = 1_000;

/// Returns the beginning of a text that a client sent, enough to recognise it.
pub fn quote(text: impl Into<String>) -> String {
    cut(text.into(), MAX_QUOTE)
}

/// Cuts an explanation to its maximum length.
pub fn explanation(text: impl Into<String>) -> String {
    cut(text.into(), MAX_EXPLANATION)
}

fn cut(mut text: String, most: usize) -> String {
    if let Some((end, _)) = text.char_indices().nth(most) {
        text.truncate(end);
        text.push('…');
    }
    text
}

#[cfg(test)]
mod tests {
    use super::quote;

    #[test]
    fn a_short_text_is_quoted_as_it_is_and_a_long_one_is_cut() {
        assert_eq!(quote("é".repeat(100)), "é".repeat(100));
        assert_eq!(quote("é".repeat(101)), "é".repeat(100) + "…");
    }
}
