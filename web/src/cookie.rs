//! Cookies that scripts cannot read (RFC 6265bis, section 4.1.3.2).
use actix_web::{
    HttpRequest,
    cookie::{Cookie, Expiration, SameSite, time::OffsetDateTime},
    http::header::{COOKIE, HeaderMap},
};
use secrecy::{ExposeSecret, SecretString};

use crate::time::Time;

/// A cookie by its name. If the name begins with `__Host-`, browsers require TLS, this exact host and the path `/`. A cookie with
/// another name is for plain HTTP.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct HostCookie(pub &'static str);

impl HostCookie {
    /// Reads the cookie of a request.
    pub fn read(self, request: &HttpRequest) -> Option<SecretString> {
        Some(request.cookie(self.0)?.value().into())
    }

    /// Returns true if the request has the cookie.
    pub fn is_present(self, headers: &HeaderMap) -> bool {
        let is_ours = |pair: &str| pair.split('=').next().map(str::trim) == Some(self.0);
        let mut cookies = headers.get_all(COOKIE);
        cookies.any(|value| {
            value
                .to_str()
                .is_ok_and(|pairs| pairs.split(';').any(is_ours))
        })
    }

    /// Returns true if browsers send the cookie over TLS only.
    pub fn is_secure(self) -> bool {
        self.0.starts_with("__Host-")
    }

    /// Builds the cookie with the attributes that `__Host-` requires, hidden from scripts and not sent by other sites' forms.
    pub fn with(self, value: &SecretString) -> Cookie<'_> {
        Cookie::build(self.0, value.expose_secret())
            .path("/")
            .secure(self.is_secure())
            .http_only(true)
            .same_site(SameSite::Lax)
            .finish()
    }

    /// Builds the cookie that a browser keeps until a time.
    pub fn until(self, value: &SecretString, until: Time) -> Cookie<'_> {
        let until = OffsetDateTime::from_unix_timestamp(until.seconds());
        let mut cookie = self.with(value);
        cookie.set_expires(until.map_or(Expiration::Session, Expiration::from));
        cookie
    }

    /// Builds the cookie that removes this one.
    pub fn removal(self) -> Cookie<'static> {
        let mut cookie = self.with(&"".into()).into_owned();
        cookie.make_removal();
        cookie
    }
}
