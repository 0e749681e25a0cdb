//! Keys of an installation, and what is authenticated with them.
use std::fmt;

use crate::entity::secrets::{Column, Entity};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use crate::{Error, Result, plain::plain};

#[derive(Clone)]
pub struct Secret(Vec<u8>);

impl Secret {
    /// One that the operator sets.
    pub fn of(text: &SecretString) -> Self {
        Self(text.expose_secret().as_bytes().to_vec())
    }

    /// The one that the installation made for itself. Fails while the schema is not migrated.
    pub async fn installed(db: &impl ConnectionTrait, name: &str) -> Result<Self> {
        let made = plain::<Entity>().filter(Column::Name.eq(name));
        let made = made.one(db).await?;
        let made = made.ok_or_else(|| Error::bug(format!("the installation has no key {name}")))?;
        Ok(Self(made.value))
    }

    /// A key of its own for each purpose: what one of them lets out says nothing of the others (RFC 5869, section 3.2).
    #[must_use]
    pub fn derive(&self, purpose: &str) -> Self {
        let mut mac = self.mac();
        mac.update(purpose.as_bytes());
        Self(mac.finalize().into_bytes().to_vec())
    }

    /// 256 bits, where it was derived.
    pub fn bytes(&self) -> &[u8] {
        &self.0
    }

    pub fn mac(&self) -> Hmac<Sha256> {
        mac(&self.0)
    }
}

impl fmt::Debug for Secret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Secret")
    }
}

/// HMAC-SHA-256 (RFC 2104).
pub(crate) fn mac(key: &[u8]) -> Hmac<Sha256> {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes keys of any length (RFC 2104, section 2)"
    )]
    Hmac::new_from_slice(key).expect("a key of any length")
}
