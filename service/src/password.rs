//! Passwords: how long they are, how they are chosen, and how they are hashed.
mod about;
mod guess;
mod hasher;
mod recipe;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

pub use about::About;
pub use hasher::Hasher;
pub(crate) use hasher::QUEUE;

/// Characters; contract §9. The upper bound is checked before any work.
pub const MIN_LENGTH: usize = 8;
pub const MAX_LENGTH: usize = 128;

/// A password as it is counted, rated, hashed and compared: in NFC (RFC 8265, section 4.2), as keyboards write the same
/// letter in several ways.
pub fn normalised(password: &SecretString) -> SecretString {
    let text: String = password.expose_secret().nfc().collect();
    text.into()
}

/// How many characters it has, at most one more than it may have: the rest of a long one is not looked at.
pub fn length(password: &SecretString) -> usize {
    password.expose_secret().nfc().take(MAX_LENGTH + 1).count()
}
