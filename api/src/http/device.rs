//! The cookie of a device that somebody signed in from. It opens nothing: it only tells a known device from others.
use actix_web::{
    HttpRequest,
    cookie::{Cookie, time::Duration},
};
use secrecy::{ExposeSecret, SecretString};
use service::auth::device::LIFETIME;

use super::cookie::bare;

/// The prefix binds it to this host, and to TLS (RFC 6265bis, section 4.1.3.2).
const NAME: &str = "__Host-atoll-device";

pub fn read(request: &HttpRequest) -> Option<SecretString> {
    Some(request.cookie(NAME)?.value().into())
}

/// Kept for as long as it is good.
pub fn device_cookie(value: &SecretString) -> Cookie<'_> {
    let mut cookie = bare(NAME, value.expose_secret());
    cookie.set_max_age(Duration::seconds(LIFETIME.num_seconds()));
    cookie
}
