//! The words of a resource, from which the texts of its generic operations are made.
use std::borrow::Cow;

use kernel::Readable;
use schemars::JsonSchema;

use super::{Representation, Resource};

/// The words for one row and for several.
pub struct Words {
    one: String,
    many: String,
}

impl Words {
    /// `BlogPostView` of the table `blog_posts` has the words "blog post" and "blog posts".
    pub fn of<V: Resource>() -> Self {
        let mut one = String::new();
        for letter in Representation::<V>::schema_name().chars() {
            if letter.is_uppercase() && !one.is_empty() {
                one.push(' ');
            }
            one.extend(letter.to_lowercase());
        }
        let many = V::Service::name().replace('_', " ");
        let text = |words: &str| words.split(' ').map(spelled).collect::<Vec<_>>().join(" ");
        Self {
            one: text(&one),
            many: text(&many),
        }
    }

    /// Returns one row with its article: "a post".
    pub fn one(&self) -> String {
        let article = if self.one.to_lowercase().starts_with(['a', 'e', 'i', 'o']) {
            "an"
        } else {
            "a"
        };
        format!("{article} {}", self.one)
    }

    /// Returns a row that a sentence already named: "post".
    pub fn noun(&self) -> &str {
        &self.one
    }

    /// Returns several rows: "posts".
    pub fn many(&self) -> &str {
        &self.many
    }
}

/// Returns a word as a text writes it.
pub fn spelled(word: &str) -> Cow<'_, str> {
    const ACRONYMS: [&str; 3] = ["api", "csrf", "totp"];
    if ACRONYMS.contains(&word) {
        word.to_uppercase().into()
    } else {
        word.into()
    }
}

/// Capitalizes the first letter.
pub fn capitalized(text: &str) -> String {
    let mut letters = text.chars();
    let first = letters.next().map(char::to_uppercase);
    first.into_iter().flatten().chain(letters).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_article_fits_its_noun() {
        let words = |one: &str| Words {
            one: one.to_owned(),
            many: String::new(),
        };
        assert_eq!(words("event").one(), "an event");
        assert_eq!(words("user").one(), "a user");
        assert_eq!(capitalized("a blog post"), "A blog post");
    }
}
