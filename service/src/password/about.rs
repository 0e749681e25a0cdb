//! What is known of a user, which is what is tried first.
use ::entity::users::Model;
use unicode_normalization::UnicodeNormalization;

/// Shorter words are in every text.
const SHORTEST: usize = 3;
/// Of one user. More would be work without end.
const MOST: usize = 24;
const NAME_OF_THE_SERVICE: &str = "atoll";

/// Whose password it is going to be.
#[derive(Debug, Clone, Copy)]
pub struct About<'a> {
    pub username: &'a str,
    pub email: &'a str,
    pub full_name: Option<&'a str>,
}

impl<'a> From<&'a Model> for About<'a> {
    fn from(user: &'a Model) -> Self {
        Self {
            username: &user.username,
            email: &user.email,
            full_name: user.full_name.as_deref(),
        }
    }
}

impl About<'_> {
    /// The names, and what they are made of, in lower case.
    pub(super) fn words(&self) -> Vec<String> {
        let whole = [NAME_OF_THE_SERVICE, self.username, self.email];
        let names = whole.into_iter().chain(self.full_name);
        let names: Vec<String> = names.map(|name| name.nfc().collect()).collect();
        let parts = names
            .iter()
            .flat_map(|name| name.split(|letter: char| !letter.is_alphanumeric()));
        let mut words = Vec::new();
        for word in whole.into_iter().chain(parts) {
            let word = word.to_lowercase();
            if word.chars().count() >= SHORTEST && !words.contains(&word) && words.len() < MOST {
                words.push(word);
            }
        }
        words
    }
}
