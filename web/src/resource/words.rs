//! The words of a resource, from which the texts of its generic operations are made.
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
        Self { one, many }
    }

    /// Returns one row with its article: "a post".
    pub fn one(&self) -> String {
        let article = if self.one.starts_with(['a', 'e', 'i', 'o']) {
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

/// Writes the first letter of a text as a capital.
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
