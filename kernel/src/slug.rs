//! Slugs: the readable names of rows in URLs, made from another column unless the client chooses one.

/// The most characters of a slug; contract §3.
const MAX_LENGTH: usize = 100;
/// The number of random characters that the first variation of a slug gets.
const SUFFIX: usize = 4;
/// The number of random characters that later variations get.
const LONG_SUFFIX: usize = 8;

/// Reduces a text to `[a-z0-9-]`; returns `fallback` if nothing is left.
pub fn make(text: &str, fallback: &str) -> String {
    let slug = cut(&slug::slugify(text), MAX_LENGTH);
    if slug.is_empty() {
        fallback.to_owned()
    } else {
        slug
    }
}

/// Appends random characters of `[a-z0-9]` to a slug that is taken.
pub fn vary(slug: &str, attempt: usize) -> String {
    let length = if attempt == 0 { SUFFIX } else { LONG_SUFFIX };
    let random = (0..length).filter_map(|_| char::from_digit(rand::random_range(0..36), 36));
    let random: String = random.collect();
    format!("{}-{random}", cut(slug, MAX_LENGTH - 1 - length))
}

fn cut(slug: &str, length: usize) -> String {
    let slug: String = slug.chars().take(length).collect();
    slug.trim_matches('-').to_owned()
}
