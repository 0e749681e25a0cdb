//! CSRF tokens: a page sends one with its cookie, so that other sites cannot use the cookie (OWASP ASVS 5.0, V3.5).
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::Sha256;

use super::key;
use kernel::{Kernel, Result};

/// Derives the token from the cookie. Other sites can read neither.
pub async fn csrf_token(kernel: &Kernel, cookie: &SecretString) -> Result<String> {
    let mac = mac(kernel, cookie).await?;
    Ok(BASE64_URL_SAFE_NO_PAD.encode(mac.finalize().into_bytes()))
}

/// Returns true if `text` is the token of this cookie. The comparison takes constant time.
pub async fn is_csrf_token(kernel: &Kernel, cookie: &SecretString, text: &str) -> Result<bool> {
    let text = BASE64_URL_SAFE_NO_PAD.decode(text).unwrap_or_default();
    Ok(mac(kernel, cookie).await?.verify_slice(&text).is_ok())
}

async fn mac(kernel: &Kernel, cookie: &SecretString) -> Result<Hmac<Sha256>> {
    let mut mac = key(kernel, "csrf").await?.mac();
    mac.update(cookie.expose_secret().as_bytes());
    Ok(mac)
}
