//! Tokens of sign-in sessions: opaque, stored as hashes only. Each ends with a checksum under a key of the installation, so
//! that a made-up one is refused without a look-up.
//!
//! All tokens of a session begin with its family, 128 bits that nobody else knows. What follows are 256 bits of its own, so
//! that a token of any generation finds its session, and only the newest is of use.
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::secret::Secret;

const FAMILY: usize = 16;
const OWN: usize = 32;

/// Bytes of the checksum: of 2⁶⁴ made-up tokens, one is looked up.
const CHECKSUM: usize = 8;

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    /// Sent with each request.
    Access,
    /// Exchanged for a new pair.
    Refresh,
}

impl Kind {
    /// What tells them apart at sight, also for those who look for secrets in the wrong places.
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
    /// Begins a new family. `checksums` is the key of [`super::checksum_key`], here and below.
    pub fn fresh(kind: Kind, checksums: &Secret) -> Self {
        Self::of(kind, &rand::random::<[u8; FAMILY + OWN]>(), checksums)
    }

    /// A token of the same family.
    #[must_use]
    pub fn beside(&self, kind: Kind, checksums: &Secret) -> Self {
        self.followed(kind, &rand::random::<[u8; OWN]>(), checksums)
    }

    /// What replaces this one: the same for all who bring it, so that clients that race get the same pair.
    #[must_use]
    pub fn next(&self, kind: Kind, key: &Secret, checksums: &Secret) -> Self {
        let mut mac = key.mac();
        mac.update(kind.prefix().as_bytes());
        mac.update(self.text.expose_secret().as_bytes());
        self.followed(kind, &mac.finalize().into_bytes(), checksums)
    }

    /// None where this installation made no such token of this kind.
    pub fn read(kind: Kind, text: &SecretString, checksums: &Secret) -> Option<Self> {
        let encoded = text.expose_secret().strip_prefix(kind.prefix())?;
        let bytes = unseal(checksums, kind.prefix(), encoded)?;
        (bytes.len() == FAMILY + OWN).then(|| Self::of(kind, &bytes, checksums))
    }

    fn followed(&self, kind: Kind, own: &[u8], checksums: &Secret) -> Self {
        let encoded = self.text.expose_secret().split_once('_');
        let bytes = encoded.and_then(|(_, text)| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
        let mut bytes = bytes.unwrap_or_default();
        bytes.truncate(FAMILY);
        bytes.extend_from_slice(own);
        Self::of(kind, &bytes, checksums)
    }

    fn of(kind: Kind, bytes: &[u8], checksums: &Secret) -> Self {
        let (family, own) = bytes.split_at(FAMILY);
        let text = seal(checksums, kind.prefix(), bytes);
        Self {
            text: SecretString::from(format!("{}{text}", kind.prefix())),
            family_hash: hash(family),
            hash: hash(own),
        }
    }
}

/// A secret of 256 random bits with its checksum. `purpose` is part of the checksum, so that one kind never passes for
/// another.
pub fn random(checksums: &Secret, purpose: &str) -> String {
    seal(checksums, purpose, &rand::random::<[u8; OWN]>())
}

/// Whether this installation made the secret for this purpose. Takes the same time wherever the checksum differs.
pub fn is_ours(checksums: &Secret, purpose: &str, text: &str) -> bool {
    unseal(checksums, purpose, text).is_some_and(|bytes| bytes.len() == OWN)
}

fn seal(checksums: &Secret, purpose: &str, bytes: &[u8]) -> String {
    let sum = checksum(checksums, purpose, bytes).finalize().into_bytes();
    BASE64_URL_SAFE_NO_PAD.encode([bytes, &sum[..CHECKSUM]].concat())
}

/// The bytes without their checksum. None where it is another.
fn unseal(checksums: &Secret, purpose: &str, text: &str) -> Option<Vec<u8>> {
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

/// SHA-256 is enough for random bits: there is nothing to guess.
pub fn hash(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn key(text: &str) -> Secret {
        Secret::of(&SecretString::from(text))
    }

    #[test]
    fn what_follows_a_token_is_of_its_family_and_the_same_each_time() {
        let (next_key, sums) = (key("key"), key("sums"));
        let token = Token::fresh(Kind::Refresh, &sums);

        let next = token.next(Kind::Refresh, &next_key, &sums);

        let again = token.next(Kind::Refresh, &next_key, &sums);
        assert_eq!(next.family_hash, token.family_hash);
        assert_ne!(next.hash, token.hash);
        assert_eq!(next.hash, again.hash);
        assert_ne!(next.hash, token.next(Kind::Access, &next_key, &sums).hash);
        assert_ne!(
            token.beside(Kind::Access, &sums).hash,
            token.beside(Kind::Access, &sums).hash
        );
    }

    #[test]
    fn a_token_is_read_as_what_it_is_and_nothing_else() {
        let sums = key("sums");
        let token = Token::fresh(Kind::Access, &sums);

        let read = Token::read(Kind::Access, &token.text, &sums).unwrap();

        assert_eq!(
            (read.family_hash, read.hash),
            (token.family_hash, token.hash)
        );
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
    fn a_secret_that_differs_in_one_letter_is_not_ours() {
        let sums = key("sums");
        let text = random(&sums, "one-time");

        assert!(is_ours(&sums, "one-time", &text));
        assert!(!is_ours(&sums, "api-key", &text));
        for place in 0..text.len() {
            let mut changed = text.clone().into_bytes();
            changed[place] = if changed[place] == b'A' { b'B' } else { b'A' };
            let changed = String::from_utf8(changed).unwrap();
            assert!(!is_ours(&sums, "one-time", &changed), "letter {place}");
        }
    }
}
