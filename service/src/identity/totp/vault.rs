//! Encryption of stored second-factor secrets: AES-256-GCM (NIST SP 800-38D), bound to the user.
use aws_lc_rs::aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey};

use crate::identity::key;
use kernel::{Error, Kernel, Result};

#[derive(Debug)]
pub struct Vault(RandomizedNonceKey);

impl Vault {
    /// Must not be called inside a write, because the key may have to be read from the database.
    pub async fn load(kernel: &Kernel) -> Result<Self> {
        let key = key(kernel, "totp").await?;
        let key = RandomizedNonceKey::new(&AES_256_GCM, key.bytes());
        Ok(Self(key.map_err(Error::internal)?))
    }

    /// Encrypts a secret. The result is the nonce followed by the ciphertext.
    pub fn seal(&self, user: i64, secret: &[u8]) -> Result<Vec<u8>> {
        let mut sealed = secret.to_vec();
        let aad = Aad::from(user.to_be_bytes());
        let nonce = self.0.seal_in_place_append_tag(aad, &mut sealed);
        let nonce = nonce.map_err(Error::internal)?;
        Ok([nonce.as_ref().as_slice(), &sealed].concat())
    }

    /// Decrypts a secret. Returns `None` if it was encrypted with another key or for another user.
    pub fn open(&self, user: i64, sealed: &[u8]) -> Option<Vec<u8>> {
        let (nonce, sealed) = sealed.split_at_checked(NONCE_LEN)?;
        let nonce = Nonce::try_assume_unique_for_key(nonce).ok()?;
        let mut secret = sealed.to_vec();
        let aad = Aad::from(user.to_be_bytes());
        Some(self.0.open_in_place(nonce, aad, &mut secret).ok()?.to_vec())
    }
}
