//! The form in which usernames and e-mail addresses are compared.
use unicode_normalization::UnicodeNormalization;

/// Returns the text in NFKC and lower case, so that names that look the same are equal.
pub fn key(text: &str) -> String {
    text.trim()
        .nfkc()
        .collect::<String>()
        .to_lowercase()
        .nfkc()
        .collect()
}

#[cfg(test)]
mod tests {
    use super::key;

    #[test]
    fn case_and_compatibility_forms_do_not_matter() {
        assert_eq!(key(" Ada@Example.org "), key("ada@example.org"));
        assert_eq!(key("ＡＤＡ"), "ada");
        assert_eq!(key("e\u{301}"), key("É"));
    }
}
