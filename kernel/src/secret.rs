//! The secret keys of an installation.
use std::fmt;

use crate::entity::secrets::{Column, Entity};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::{Error, Result, plain::plain};

#[derive(Clone)]
pub struct Secret {
    bytes: Vec<u8>,
    /// The HMAC that has read the key. A copy costs less than reading the key again for each message.
    keyed: Hmac<Sha256>,
}

impl Secret {
    /// Makes a key from a text that the operator configures.
    pub fn from_text(text: &SecretString) -> Self {
        Self::new(text.expose_secret().as_bytes().to_vec())
    }

    fn new(bytes: Vec<u8>) -> Self {
        let keyed = mac(&bytes);
        Self { bytes, keyed }
    }

    /// Loads the key that the installation generated. Fails while the schema is not migrated.
    pub async fn load(db: &impl ConnectionTrait, name: &str) -> Result<Self> {
        let key = plain::<Entity>().filter(Column::Name.eq(name));
        let key = key.one(db).await?;
        let key = key.ok_or_else(|| Error::bug(format!("the installation has no key {name}")))?;
        Ok(Self::new(key.value))
    }

    /// Derives a separate key for a purpose: if one derived key leaks, the others stay secret (RFC 5869, section 3.2).
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let mut mac = self.mac();
        mac.update(purpose.as_bytes());
        Self::new(mac.finalize().into_bytes().to_vec())
    }

    /// Returns the bytes of the key. A derived key has 256 bits.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes
    }

    /// Returns an HMAC-SHA-256 (RFC 2104) with this key.
    pub fn mac(&self) -> Hmac<Sha256> {
        self.keyed.clone()
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// Returns an HMAC-SHA-256 (RFC 2104) with this key.
pub(crate) fn mac(key: &[u8]) -> Hmac<Sha256> {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes keys of any length (RFC 2104, section 2)"
    )]
    Hmac::new_from_slice(key).expect("a key of any length")
}
