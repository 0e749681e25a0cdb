//! Words from a user's data. Attackers try them first, so they must not make up the password.
use ::entity::users::Model;
use unicode_normalization::UnicodeNormalization;

/// Shorter words occur by chance in many passwords.
const MIN_LENGTH: usize = 3;
/// The maximum number of words of one user, to limit the work.
const MAX_WORDS: usize = 24;
const SERVICE_NAME: &str = "atoll";

/// The data of the user who gets the password.
#[derive(Debug, Clone, Copy)]
pub struct UserData<'a> {
    pub username: &'a str,
    pub email: &'a str,
    pub full_name: Option<&'a str>,
}

impl<'a> From<&'a Model> for UserData<'a> {
    fn from(user: &'a Model) -> Self {
        Self {
            username: &user.username,
            email: &user.email,
            full_name: user.full_name.as_deref(),
        }
    }
}

impl UserData<'_> {
    /// The names and their parts in lower case.
    pub(super) fn words(&self) -> Vec<String> {
        let whole = [SERVICE_NAME, self.username, self.email];
        let names = whole.into_iter().chain(self.full_name);
        let names: Vec<String> = names.map(|name| name.nfc().collect()).collect();
        let parts = names
            .iter()
            .flat_map(|name| name.split(|letter: char| !letter.is_alphanumeric()));
        let mut words = Vec::new();
        for word in whole.into_iter().chain(parts) {
            let word = word.to_lowercase();
            if word.chars().count() >= MIN_LENGTH
                && !words.contains(&word)
                && words.len() < MAX_WORDS
            {
                words.push(word);
            }
        }
        words
    }
}
