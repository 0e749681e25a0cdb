//! Known devices: a signed cookie proves that a user signed in from the device before. The server stores nothing.
//!
//! The cookie is valid for a year and names the last few users who signed in. A user's entry is valid until their
//! password changes.
use ::entity::users::Model;
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use hmac::{Hmac, Mac};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

use super::key;
use kernel::{Result, Session, resource::now, secret::Secret};

/// The lifetime of the cookie.
pub const LIFETIME: chrono::Duration = chrono::Duration::days(365);

/// The maximum number of users in the cookie.
const MAX_USERS: usize = 5;

/// The maximum length of the cookie in characters.
const MAX_LENGTH: usize = 600;

/// The length of a device's id in characters: 128 bits.
const ID: usize = 22;

/// The parsed cookie, written `ID~user.issued.mac~…` with the newest entry first.
struct Cookie<'a> {
    id: &'a str,
    users: Vec<Entry<'a>>,
}

struct Entry<'a> {
    text: &'a str,
    user: i64,
    /// Seconds since 1970.
    issued: i64,
    mac: Vec<u8>,
}

/// The id of the request's device, if the user signed in from it before.
pub(super) async fn find_known(session: &Session, user: &Model) -> Result<Option<String>> {
    let Some(text) = &session.origin().device else {
        return Ok(None);
    };
    let Some(Cookie { id, users }) = parse(text) else {
        return Ok(None);
    };
    let key = key(&session.kernel, "device").await?;
    let current_time = now().timestamp();
    let is_valid = |entry: &Entry| {
        let age = current_time - entry.issued;
        let mac = sign(&key, id, user, entry.issued);
        entry.user == user.id
            && (0..LIFETIME.num_seconds()).contains(&age)
            && mac.verify_slice(&entry.mac).is_ok()
    };
    Ok(users.iter().any(is_valid).then(|| id.to_owned()))
}

/// The new cookie of the device from which the user signs in. Users who signed in from it before stay in the cookie.
pub async fn remember(session: &Session, user: &Model) -> Result<SecretString> {
    let key = key(&session.kernel, "device").await?;
    let before = session.origin().device.as_ref().and_then(parse);
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
    for entry in others.take(MAX_USERS - 1) {
        text = text + "~" + entry.text;
    }
    Ok(text.into())
}

/// The MAC includes the password hash, so that a new password makes all devices unknown.
fn sign(key: &Secret, id: &str, user: &Model, issued: i64) -> Hmac<Sha256> {
    let mut mac = key.mac();
    mac.update(id.as_bytes());
    mac.update(&user.id.to_be_bytes());
    mac.update(&issued.to_be_bytes());
    mac.update(&Sha256::digest(user.password_hash.as_bytes()));
    mac
}

fn parse(text: &SecretString) -> Option<Cookie<'_>> {
    let text = text.expose_secret();
    let mut parts = text.split('~');
    let id = parts.next()?;
    let is_id = |byte: u8| byte.is_ascii_alphanumeric() || b"-_".contains(&byte);
    if text.len() > MAX_LENGTH || id.len() != ID || !id.bytes().all(is_id) {
        return None;
    }
    let users = parts.map(parse_entry).collect::<Option<Vec<_>>>()?;
    Some(Cookie { id, users })
}

fn parse_entry(text: &str) -> Option<Entry<'_>> {
    let (user, rest) = text.split_once('.')?;
    let (issued, mac) = rest.split_once('.')?;
    Some(Entry {
        text,
        user: user.parse().ok()?,
        issued: issued.parse().ok()?,
        mac: BASE64_URL_SAFE_NO_PAD.decode(mac).ok()?,
    })
}
