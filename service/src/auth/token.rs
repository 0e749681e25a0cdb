//! Tokens of sign-in sessions: opaque, stored as hashes only.
//!
//! All tokens of a session begin with its family, 128 bits that nobody else knows. What follows are 256 bits of its own, so
//! that a token of any generation finds its session, and only the newest is of use.
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::Mac;
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use crate::secret::Secret;

const FAMILY: usize = 16;
const OWN: usize = 32;

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
    /// Of a new family.
    pub fn fresh(kind: Kind) -> Self {
        Self::of(kind, &rand::random::<[u8; FAMILY + OWN]>())
    }

    /// Of the same family.
    #[must_use]
    pub fn beside(&self, kind: Kind) -> Self {
        self.followed(kind, &rand::random::<[u8; OWN]>())
    }

    /// What replaces this one: the same for all who bring it, so that clients that race get the same pair.
    #[must_use]
    pub fn next(&self, kind: Kind, key: &Secret) -> Self {
        let mut mac = key.mac();
        mac.update(kind.prefix().as_bytes());
        mac.update(self.text.expose_secret().as_bytes());
        self.followed(kind, &mac.finalize().into_bytes())
    }

    /// None where it cannot be a token of this kind.
    pub fn read(kind: Kind, text: &SecretString) -> Option<Self> {
        let encoded = text.expose_secret().strip_prefix(kind.prefix())?;
        let bytes = BASE64_URL_SAFE_NO_PAD.decode(encoded).ok()?;
        (bytes.len() == FAMILY + OWN).then(|| Self::of(kind, &bytes))
    }

    fn followed(&self, kind: Kind, own: &[u8]) -> Self {
        let encoded = self.text.expose_secret().split_once('_');
        let bytes = encoded.and_then(|(_, text)| BASE64_URL_SAFE_NO_PAD.decode(text).ok());
        let mut bytes = bytes.unwrap_or_default();
        bytes.truncate(FAMILY);
        bytes.extend_from_slice(own);
        Self::of(kind, &bytes)
    }

    fn of(kind: Kind, bytes: &[u8]) -> Self {
        let (family, own) = bytes.split_at(FAMILY);
        let text = BASE64_URL_SAFE_NO_PAD.encode(bytes);
        Self {
            text: SecretString::from(format!("{}{text}", kind.prefix())),
            family_hash: hash(family),
            hash: hash(own),
        }
    }
}

/// What stands alone, and its hash: 256 bits.
pub fn generate() -> (SecretString, Vec<u8>) {
    let text = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; OWN]>());
    let hash = hash(text.as_bytes());
    (SecretString::from(text), hash)
}

/// SHA-256 is enough for random bits: there is nothing to guess.
pub fn hash(bytes: &[u8]) -> Vec<u8> {
    Sha256::digest(bytes).to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_follows_a_token_is_of_its_family_and_the_same_each_time() {
        let token = Token::fresh(Kind::Refresh);
        let key = Secret::of(&SecretString::from("key"));

        let next = token.next(Kind::Refresh, &key);

        assert_eq!(next.family_hash, token.family_hash);
        assert_ne!(next.hash, token.hash);
        assert_eq!(next.hash, token.next(Kind::Refresh, &key).hash);
        assert_ne!(next.hash, token.next(Kind::Access, &key).hash);
        assert_ne!(
            token.beside(Kind::Access).hash,
            token.beside(Kind::Access).hash
        );
    }

    #[test]
    fn a_token_is_read_as_what_it_is_and_nothing_else() {
        let token = Token::fresh(Kind::Access);

        let read = Token::read(Kind::Access, &token.text).unwrap();

        assert_eq!(
            (read.family_hash, read.hash),
            (token.family_hash, token.hash)
        );
        assert!(Token::read(Kind::Refresh, &token.text).is_none());
        for text in ["", "at_", "at_%%", "at_AAAA", "rt_"] {
            assert!(
                Token::read(Kind::Access, &SecretString::from(text)).is_none(),
                "{text}"
            );
        }
    }
}
