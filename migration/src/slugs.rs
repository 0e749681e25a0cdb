//! Slugs of `[a-z0-9-]` from titles, as the migration that filled `posts.slug` made them. The service has code of its own.

use std::collections::HashMap;

const LENGTH: usize = 100;

/// The last suffix tried for each taken slug, so that no suffix is tried twice.
#[derive(Default)]
pub(crate) struct Suffixes(HashMap<String, u64>);

impl Suffixes {
    /// Makes `next` add a suffix to `base` from now on.
    pub(crate) fn start(&mut self, base: &str) {
        self.0.entry(base.to_owned()).or_insert(1);
    }

    /// Returns `base` until it is known to be taken, then `base-2`, `base-3` …, at most `LENGTH` long.
    pub(crate) fn next(&mut self, base: &str) -> String {
        let Some(last) = self.0.get_mut(base) else {
            return base.to_owned();
        };
        *last += 1;
        let suffix = format!("-{last}");
        format!("{}{suffix}", cut(base, LENGTH - suffix.len()))
    }
}

/// The slug of a title, or `post` if nothing of the title remains.
pub(crate) fn suggestion(title: &str) -> String {
    let slug = slug::slugify(title);
    match cut(&slug, LENGTH) {
        "" => "post".to_owned(),
        slug => slug.to_owned(),
    }
}

/// Slugs are ASCII, so bytes are characters.
fn cut(slug: &str, length: usize) -> &str {
    slug.get(..length).unwrap_or(slug).trim_end_matches('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_slug_has_the_alphabet_and_the_length_of_the_contract() {
        assert_eq!(suggestion("Crème brûlée, twice!"), "creme-brulee-twice");
        assert_eq!(suggestion("¡¿?!"), "post");
        assert_eq!(
            suggestion(&"abc ".repeat(60)).len(),
            99,
            "no hyphen at the cut"
        );
    }

    #[test]
    fn a_suffix_never_makes_a_slug_too_long() {
        let base = "a".repeat(LENGTH);
        let mut suffixes = Suffixes::default();
        assert_eq!(suffixes.next(&base), base);

        suffixes.start(&base);

        assert_eq!(suffixes.next(&base), format!("{}-2", "a".repeat(98)));
        assert_eq!(suffixes.next(&base), format!("{}-3", "a".repeat(98)));
    }
}
