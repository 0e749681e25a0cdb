//! Tokens of sign-in sessions. They are opaque and stored as hashes only. Each ends with a checksum under a key of the
//! installation, so that a made-up token is refused without a database lookup.
//!
//! All tokens of a session begin with its family, 128 random bits. 256 bits of the token's own follow. A token of any
//! generation therefore finds its session, and only the newest is valid.
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use kernel::secret::Secret;

const FAMILY: usize = 16;
const SECRET: usize = 32;

/// The length of the checksum in bytes: one of 2⁶⁴ made-up tokens causes a lookup.
const CHECKSUM: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sent with each request.
    Access,
    /// Exchanged for a new pair.
    Refresh,
}

impl Kind {
    /// The prefix that shows the kind, also to secret scanners.
    const fn prefix(self) -> &'static str {
        match self {
            Self::Access => "at_",
            Self::Refresh => "rt_",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Token {
    pub text: SecretString,
    pub family_hash: Vec<u8>,
    pub hash: Vec<u8>,
}

impl Token {
    /// Creates a token of a new family. `checksums` is the key of [`super::checksum_key`], here and below.
    pub fn new_family(kind: Kind, checksums: &Secret) -> Self {
        Self::from_bytes(kind, &rand::random::<[u8; FAMILY + SECRET]>(), checksums)
    }

    /// Creates a random token of the same family.
    #[must_use]
    pub fn sibling(&self, kind: Kind, checksums: &Secret) -> Self {
        self.with_secret(kind, &rand::random::<[u8; SECRET]>(), checksums)
    }

    /// The token that replaces this one. It is derived, so that clients that race get the same pair.
    #[must_use]
    pub fn next(&self, kind: Kind, key: &Secret, checksums: &Secret) -> Self {
        let mut mac = key.mac();
        mac.update(kind.prefix().as_bytes());
        mac.update(self.text.expose_secret().as_bytes());
        self.with_secret(kind, &mac.finalize().into_bytes(), checksums)
    }

    /// Parses a token. Returns `None` if the checksum shows that this installation issued no such token of this kind.
    pub fn read(kind: Kind, text: &SecretString, checksums: &Secret) -> Option<Self> {
        let encoded = text.expose_secret().strip_prefix(kind.prefix())?;
        let bytes = strip_checksum(checksums, kind.prefix(), encoded)?;
        // Only one text decodes to these bytes, so it needs no second encoding.
        (bytes.len() == FAMILY + SECRET).then(|| Self::new(text.clone(), &bytes))
    }

    fn with_secret(&self, kind: Kind, secret: &[u8], checksums: &Secret) -> Self {
        let encoded = self.text.expose_secret().split_once('_');
        let bytes = encoded.and_then(|(_, text)| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
        let mut bytes = bytes.unwrap_or_default();
        bytes.truncate(FAMILY);
        bytes.extend_from_slice(secret);
        Self::from_bytes(kind, &bytes, checksums)
    }

    fn from_bytes(kind: Kind, bytes: &[u8], checksums: &Secret) -> Self {
        let text = add_checksum(checksums, kind.prefix(), bytes);
        Self::new(format!("{}{text}", kind.prefix()).into(), bytes)
    }

    fn new(text: SecretString, bytes: &[u8]) -> Self {
        let (family, secret) = bytes.split_at(FAMILY);
        Self {
            text,
            family_hash: hash(family),
            hash: hash(secret),
        }
    }
}

/// A secret of 256 random bits with its checksum. The checksum covers `purpose`, so that secrets of one kind are invalid
/// as another.
pub fn random(checksums: &Secret, purpose: &str) -> String {
    add_checksum(checksums, purpose, &rand::random::<[u8; SECRET]>())
}

/// Returns true if this installation issued the secret for this purpose. The checksum is compared in constant time.
pub fn is_issued(checksums: &Secret, purpose: &str, text: &str) -> bool {
    strip_checksum(checksums, purpose, text).is_some_and(|bytes| bytes.len() == SECRET)
}

fn add_checksum(checksums: &Secret, purpose: &str, bytes: &[u8]) -> String {
    let sum = checksum(checksums, purpose, bytes).finalize().into_bytes();
    BASE64_URL_SAFE_NO_PAD.encode([bytes, &sum[..CHECKSUM]].concat())
}

/// The bytes without their checksum, or `None` if the checksum is wrong.
fn strip_checksum(checksums: &Secret, purpose: &str, text: &str) -> Option<Vec<u8>> {
    let mut bytes = BASE64_URL_SAFE_NO_PAD.decode(text).ok()?;
    let sum = bytes.split_off(bytes.len().checked_sub(CHECKSUM)?);
    let expected = checksum(checksums, purpose, &bytes);
    expected
        .verify_truncated_left(&sum)
        .is_ok()
        .then_some(bytes)
}

fn checksum(checksums: &Secret, purpose: &str, bytes: &[u8]) -> Hmac<Sha256> {
    let mut mac = checksums.mac();
    mac.update(&(purpose.len() as u64).to_be_bytes());
    mac.update(purpose.as_bytes());
    mac.update(bytes);
    mac
}

/// SHA-256 is enough for random bits, because they cannot be guessed.
pub fn hash(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Secret {
        Secret::from_text(&SecretString::from(text))
    }

    #[test]
    fn the_next_token_has_the_same_family_and_is_deterministic() {
        let (next_key, sums) = (key("key"), key("sums"));
        let token = Token::new_family(Kind::Refresh, &sums);

        let next = token.next(Kind::Refresh, &next_key, &sums);

        let again = token.next(Kind::Refresh, &next_key, &sums);
        assert_eq!(next.family_hash, token.family_hash);
        assert_ne!(next.hash, token.hash);
        assert_eq!(next.hash, again.hash);
        assert_ne!(next.hash, token.next(Kind::Access, &next_key, &sums).hash);
        assert_ne!(
            token.sibling(Kind::Access, &sums).hash,
            token.sibling(Kind::Access, &sums).hash
        );
    }

    #[test]
    fn a_token_is_parsed_only_as_its_own_kind() {
        let sums = key("sums");
        let token = Token::new_family(Kind::Access, &sums);

        let read = Token::read(Kind::Access, &token.text, &sums).unwrap();

        assert_eq!(
            (read.family_hash, read.hash),
            (token.family_hash, token.hash)
        );
        assert_eq!(read.text.expose_secret(), token.text.expose_secret());
        assert!(Token::read(Kind::Refresh, &token.text, &sums).is_none());
        assert!(Token::read(Kind::Access, &token.text, &key("other")).is_none());
        let renamed = token.text.expose_secret().replacen("at_", "rt_", 1);
        assert!(Token::read(Kind::Refresh, &renamed.into(), &sums).is_none());
        for text in ["", "at_", "at_%%", "at_AAAA", "rt_"] {
            assert!(
                Token::read(Kind::Access, &SecretString::from(text), &sums).is_none(),
                "{text}"
            );
        }
    }

    #[test]
    fn a_secret_with_one_changed_character_is_refused() {
        let sums = key("sums");
        let text = random(&sums, "one-time");

        assert!(is_issued(&sums, "one-time", &text));
        assert!(!is_issued(&sums, "api-key", &text));
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(!is_issued(&sums, "one-time", &changed), "character {place}");
        }
    }
}
