//! Cursors: a position in an order, encrypted and authenticated, so that clients can neither read positions nor make their own.
use aws_lc_rs::aead::{AES_256_GCM, Aad, LessSafeKey, NONCE_LEN, Nonce, UnboundKey};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::Mac;
use serde::{Deserialize, Serialize};

use crate::{Code, Error, secret::Secret};

/// The values that a row is sorted by, as text, and the direction.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Cursor {
    pub backward: bool,
    /// True if the row at this position belongs to the page, and not only the rows after it.
    pub inclusive: bool,
    pub values: Vec<Option<String>>,
}

impl Cursor {
    /// Returns the cursor to the rows on the other side of this position.
    #[must_use]
    pub fn reversed(&self) -> Self {
        Self {
            backward: !self.backward,
            inclusive: !self.inclusive,
            values: self.values.clone(),
        }
    }

    /// Encrypts the cursor. `binding` is what it is valid for: the resource, its filters and its order.
    ///
    /// The position may be that of a row that the client must not see, so it is encrypted (AES-256-GCM). The nonce is derived
    /// from the content under a key of its own, so that the same position always has the same text.
    pub fn encode(&self, secret: &Secret, binding: &str) -> Option<String> {
        let mut sealed = serde_json::to_vec(self).ok()?;
        let mut mac = secret.derive("cursor nonce").mac();
        mac.update(&(binding.len() as u64).to_be_bytes());
        mac.update(binding.as_bytes());
        mac.update(&sealed);
        let nonce = mac.finalize().into_bytes();
        let nonce = &nonce[..NONCE_LEN];
        let unique = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let aad = Aad::from(binding.as_bytes());
        key(secret)?
            .seal_in_place_append_tag(unique, aad, &mut sealed)
            .ok()?;
        Some(BASE64_URL_SAFE_NO_PAD.encode([nonce, &sealed].concat()))
    }

    /// Returns `None` if the text was altered or is valid for something else.
    pub fn decode(text: &str, secret: &Secret, binding: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (nonce, sealed) = bytes.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut sealed = sealed.to_vec();
        let aad = Aad::from(binding.as_bytes());
        let payload = key(secret)?.open_in_place(nonce, aad, &mut sealed).ok()?;
        serde_json::from_slice(payload).ok()
    }
}

pub fn bad_cursor() -> Error {
    let detail = "invalid cursor for this list: it was modified, or belongs to other filters or another sort";
    Error::parameter("cursor", Code::BadCursor, detail)
}

fn key(secret: &Secret) -> Option<LessSafeKey> {
    let key = secret.derive("cursor");
    let key = UnboundKey::new(&AES_256_GCM, key.bytes()).ok()?;
    Some(LessSafeKey::new(key))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cursor_of_ours_for_the_same_list_is_read() {
        let (secret, other) = (
            Secret::from_text(&"1".into()),
            Secret::from_text(&"2".into()),
        );
        let cursor = Cursor {
            backward: true,
            inclusive: false,
            values: vec![Some("a".to_owned()), None],
        };

        let text = cursor.encode(&secret, "posts").unwrap();

        assert_eq!(Cursor::decode(&text, &secret, "posts"), Some(cursor));
        assert!(Cursor::decode(&text, &other, "posts").is_none());
        assert!(Cursor::decode(&text, &secret, "users").is_none());
        assert!(Cursor::decode(&text[1..], &secret, "posts").is_none());
        assert!(Cursor::decode("", &secret, "posts").is_none());
    }

    #[test]
    fn a_cursor_shows_nothing_of_its_row_and_is_the_same_each_time() {
        let secret = Secret::from_text(&"1".into());
        let cursor = Cursor {
            backward: false,
            inclusive: true,
            values: vec![Some("a secret title".to_owned())],
        };

        let text = cursor.encode(&secret, "posts").unwrap();

        let bytes = BASE64_URL_SAFE_NO_PAD.decode(&text).unwrap();
        assert!(!String::from_utf8_lossy(&bytes).contains("secret"));
        assert_eq!(cursor.encode(&secret, "posts"), Some(text));
    }
}
