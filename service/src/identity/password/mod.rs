//! Passwords: length, strength, hashing, and their change.
mod change;
mod guess;
mod hasher;
mod recipe;
mod rehash;
mod user_data;

use secrecy::{ExposeSecret, SecretString};
use unicode_normalization::UnicodeNormalization;

pub(crate) use change::hash_shared;
pub use change::{PasswordChange, change_password, set_password};
pub(crate) use change::{Replacement, confirm_password, replace, require_password, wrong_password};
pub use hasher::Hasher;
pub(crate) use hasher::QUEUE;
pub(crate) use rehash::rehash;
pub use user_data::UserData;

/// Limits in characters (contract §9). The upper one is checked before any work.
pub const MIN_LENGTH: usize = 8;
pub const MAX_LENGTH: usize = 128;

/// The password in NFC, the form in which it is counted, rated, hashed and compared (RFC 8265, section 4.2). Keyboards
/// encode the same letter in several ways.
pub fn normalised(password: &SecretString) -> SecretString {
    let text: String = password.expose_secret().nfc().collect();
    text.into()
}

/// The number of characters. Counting stops at one more than the maximum.
pub fn length(password: &SecretString) -> usize {
    password.expose_secret().nfc().take(MAX_LENGTH + 1).count()
}
