//! The cookie of a device that a user signed in from. It grants no access; it only tells known devices from new ones.
use actix_web::{
    HttpRequest,
    cookie::{Cookie, time::Duration},
};
use secrecy::{ExposeSecret, SecretString};
use service::auth::device::LIFETIME;

use super::cookie::build;

/// The prefix binds the cookie to this host and to TLS (RFC 6265bis, section 4.1.3.2).
const NAME: &str = "__Host-atoll-device";

pub fn read(request: &HttpRequest) -> Option<SecretString> {
    Some(request.cookie(NAME)?.value().into())
}

/// Builds the cookie with the lifetime of its value.
pub fn device_cookie(value: &SecretString) -> Cookie<'_> {
    let mut cookie = build(NAME, value.expose_secret());
    cookie.set_max_age(Duration::seconds(LIFETIME.num_seconds()));
    cookie
}
