//! Devices that somebody signed in from before: a cookie says so, and nothing is stored of it here.
//!
//! It is good for a year, for the few users who last signed in with it, and for each until their password changes.
use ::entity::users::Model;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::key;
use crate::{Result, Session, crud::now, secret::Secret};

/// How long the cookie is to be kept.
pub const LIFETIME: chrono::Duration = chrono::Duration::days(365);

/// Users that one device is known to.
const USERS: usize = 5;

/// Characters; no cookie of ours is longer.
const LONGEST: usize = 600;

/// Characters of a device's id: 128 bits.
const ID: usize = 22;

/// `ID~user.issued.mac~…`, the newest first.
struct Cookie<'a> {
    id: &'a str,
    users: Vec<Entry<'a>>,
}

struct Entry<'a> {
    text: &'a str,
    user: i64,
    /// In seconds since 1970.
    issued: i64,
    mac: Vec<u8>,
}

/// The id of the device, where the user signed in from it before.
pub(super) async fn known(session: &Session, user: &Model) -> Result<Option<String>> {
    let Some(text) = &session.origin().device else {
        return Ok(None);
    };
    let Some(Cookie { id, users }) = read(text) else {
        return Ok(None);
    };
    let key = key(&session.kernel, "device").await?;
    let today = now().timestamp();
    let is_good = |entry: &Entry| {
        let age = today - entry.issued;
        let mac = sign(&key, id, user, entry.issued);
        entry.user == user.id
            && (0..LIFETIME.num_seconds()).contains(&age)
            && mac.verify_slice(&entry.mac).is_ok()
    };
    Ok(users.iter().any(is_good).then(|| id.to_owned()))
}

/// The cookie of a device from which the user signs in now. Those who signed in from it before stay known.
pub async fn remember(session: &Session, user: &Model) -> Result<SecretString> {
    let key = key(&session.kernel, "device").await?;
    let before = session.origin().device.as_ref().and_then(read);
    let (id, others) = match before {
        Some(Cookie { id, users }) => (id.to_owned(), users),
        None => (
            BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 16]>()),
            Vec::new(),
        ),
    };
    let issued = now().timestamp();
    let mac = sign(&key, &id, user, issued).finalize().into_bytes();
    let mac = BASE64_URL_SAFE_NO_PAD.encode(mac);
    let mut text = format!("{id}~{}.{issued}.{mac}", user.id);
    let others = others.iter().filter(|entry| entry.user != user.id);
    for entry in others.take(USERS - 1) {
        text = text + "~" + entry.text;
    }
    Ok(text.into())
}

/// The password's hash is part of it, so that a new password makes all devices unknown.
fn sign(key: &Secret, id: &str, user: &Model, issued: i64) -> Hmac<Sha256> {
    let mut mac = key.mac();
    mac.update(id.as_bytes());
    mac.update(&user.id.to_be_bytes());
    mac.update(&issued.to_be_bytes());
    mac.update(&Sha256::digest(user.password_hash.as_bytes()));
    mac
}

fn read(text: &SecretString) -> Option<Cookie<'_>> {
    let text = text.expose_secret();
    let mut parts = text.split('~');
    let id = parts.next()?;
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if text.len() > LONGEST || id.len() != ID || !id.bytes().all(is_id) {
        return None;
    }
    let users = parts.map(entry).collect::<Option<Vec<_>>>()?;
    Some(Cookie { id, users })
}

fn entry(text: &str) -> Option<Entry<'_>> {
    let (user, rest) = text.split_once('.')?;
    let (issued, mac) = rest.split_once('.')?;
    Some(Entry {
        text,
        user: user.parse().ok()?,
        issued: issued.parse().ok()?,
        mac: BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?,
    })
}
