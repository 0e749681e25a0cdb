//! Tells whether single values are valid.
use std::time::Duration;

use actix_web::http::Uri;
use secrecy::{ExposeSecret, SecretString};

use super::DAY;

/// Rate limit headers have whole seconds, so the window must too.
pub(super) fn is_window(time: Duration) -> bool {
    is_timeout(time) && time.subsec_nanos() == 0
}

pub(super) fn is_role(name: &str) -> bool {
    let is_letter =
        |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || b"_-".contains(&byte);
    !name.is_empty() && name.bytes().all(is_letter)
}

pub(super) fn is_long(secret: &SecretString) -> bool {
    secret.expose_secret().chars().count() >= 32
}

pub(super) fn is_timeout(time: Duration) -> bool {
    !time.is_zero() && time <= DAY
}

/// PostgreSQL has milliseconds: less than one would become 0, which means no limit.
pub(super) fn is_deadline(time: Duration) -> bool {
    (Duration::from_millis(1)..=DAY).contains(&time)
}

/// 0 means no limit. PostgreSQL has milliseconds: less than one would become 0 by mistake.
pub(super) fn is_optional_deadline(time: Duration) -> bool {
    time.is_zero() || is_deadline(time)
}

pub(super) fn is_base(url: &str) -> bool {
    let is_plain = !url.ends_with('/') && !url.contains(['?', '#', '@']);
    let is_web = |uri: &Uri| matches!(uri.scheme_str(), Some("http" | "https"));
    is_plain
        && url
            .parse()
            .is_ok_and(|uri: Uri| is_web(&uri) && uri.host().is_some())
}

/// The port may be `*`, which allows every port.
pub(super) fn is_origin(origin: &str) -> bool {
    let origin = match origin.strip_suffix(":*") {
        Some(host) => format!("{host}:1"),
        None => origin.to_owned(),
    };
    is_base(&origin) && origin.matches('/').count() == 2
}
