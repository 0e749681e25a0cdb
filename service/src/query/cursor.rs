//! Cursors: a place in an order, opaque and authenticated, so that only places that we named are asked for.
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use serde::{Deserialize, Serialize};
use sha2::Sha256;

use crate::secret::Secret;

/// Bytes of the tag: HMAC-SHA-256 cut to 128 bits (RFC 2104, section 5).
const TAG: usize = 16;

/// What a row is sorted by, as text, and the direction to go from there.
#[derive(Debug, Serialize, Deserialize)]
pub struct Cursor {
    pub backward: bool,
    pub values: Vec<Option<String>>,
}

impl Cursor {
    /// `binding` is what the cursor is good for: the resource, its filters and its order.
    pub fn encode(&self, secret: &Secret, binding: &str) -> String {
        let payload = serde_json::to_vec(&(self.backward, &self.values)).unwrap_or_default();
        let mut bytes = mac(secret, binding, &payload).finalize().into_bytes()[..TAG].to_vec();
        bytes.extend(payload);
        BASE64_URL_SAFE_NO_PAD.encode(bytes)
    }

    /// None, where it was altered or is good for something else.
    pub fn decode(text: &str, secret: &Secret, binding: &str) -> Option<Self> {
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
        let (tag, payload) = bytes.split_at_checked(TAG)?;
        // Compares in constant time.
        mac(secret, binding, payload)
            .verify_truncated_left(tag)
            .ok()?;
        let (backward, values) = serde_json::from_slice(payload).ok()?;
        Some(Self { backward, values })
    }
}

fn mac(secret: &Secret, binding: &str, payload: &[u8]) -> Hmac<Sha256> {
    let mut mac = secret.mac();
    mac.update(binding.as_bytes());
    // Divides the two: no filter holds a NUL.
    mac.update(&[0]);
    mac.update(payload);
    mac
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_a_cursor_of_ours_for_the_same_list_is_read() {
        let (secret, other) = (Secret::of(&"1".into()), Secret::of(&"2".into()));
        let cursor = Cursor {
            backward: true,
            values: vec![Some("a".to_owned()), None],
        };

        let text = cursor.encode(&secret, "posts");

        let read = Cursor::decode(&text, &secret, "posts").unwrap();
        assert!(read.backward && read.values == cursor.values);
        assert!(Cursor::decode(&text, &other, "posts").is_none());
        assert!(Cursor::decode(&text, &secret, "users").is_none());
        assert!(Cursor::decode(&text[1..], &secret, "posts").is_none());
        assert!(Cursor::decode("", &secret, "posts").is_none());
    }
}
