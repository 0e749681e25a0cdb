//! How much of a client's own text an answer repeats.

/// Characters of one quotation.
const QUOTED: usize = 100;

/// Characters of one explanation, with the quotations in it.
const EXPLAINED: usize = 1_000;

/// The beginning of what a client sent: enough to recognise it.
pub fn quote(text: impl Into<String>) -> String {
    cut(text.into(), QUOTED)
}

/// An explanation that is no longer than one may be.
pub fn explanation(text: impl Into<String>) -> String {
    cut(text.into(), EXPLAINED)
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
