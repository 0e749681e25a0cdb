//! `Write-Position`: by this token a caller who has written sees the write in later reads, whichever server answers them.
use actix_web::{
    HttpMessage, HttpRequest, HttpResponse,
    cookie::time,
    http::header::{AUTHORIZATION, HeaderName, HeaderValue},
};
use kernel::database::{Position, Positions};
use secrecy::{ExposeSecret, SecretString};

use super::app_data;
use crate::{application::Application, cookie::HostCookie};

pub const HEADER: HeaderName = HeaderName::from_static("write-position");

/// How the answer to a request names its last write, stored in the request's extensions.
struct Noted {
    positions: Positions,
    /// The cookie that carries the token for browsers.
    cookie: Option<HostCookie>,
}

/// Lets the answer to a change name the position of the last write.
pub fn note(request: &HttpRequest, positions: Positions) {
    if request.method().is_safe() {
        return;
    }
    let cookie = cookie(request).filter(|_| is_signed_in_by_cookie(request));
    let noted = Noted { positions, cookie };
    request.extensions_mut().insert(noted);
}

/// Returns the latest write that the client knows of: from the header, or from the cookie. An invalid token is ignored.
pub fn needed(request: &HttpRequest, positions: &Positions) -> Option<Position> {
    let sent = request.headers().get_all(HEADER);
    let sent = sent.filter_map(|token| positions.read(token.to_str().ok()?));
    let kept = cookie(request).and_then(|cookie| cookie.read(request));
    let kept = kept.and_then(|token| positions.read(token.expose_secret()));
    sent.chain(kept).max()
}

/// Adds the header, and for browsers the cookie, if the request has written.
pub fn add_headers(request: &HttpRequest, response: &mut HttpResponse) {
    let extensions = request.extensions();
    let Some(Noted { positions, cookie }) = extensions.get() else {
        return;
    };
    let Some(token) = positions.token() else {
        return;
    };
    if let Ok(value) = HeaderValue::from_str(&token) {
        response.headers_mut().insert(HEADER, value);
    }
    if let Some(cookie) = cookie {
        let token = SecretString::from(token);
        let mut cookie = cookie.with(&token);
        cookie.set_max_age(time::Duration::try_from(positions.lifetime()).ok());
        // A token has only characters that a cookie may have, so this never fails.
        let _ = response.add_cookie(&cookie);
    }
}

fn cookie(request: &HttpRequest) -> Option<HostCookie> {
    let application = app_data::<dyn Application>(request).ok()?;
    application.position_cookie()
}

fn is_signed_in_by_cookie(request: &HttpRequest) -> bool {
    let headers = request.headers();
    let session = app_data::<dyn Application>(request).ok();
    let session = session.and_then(|application| application.session_cookie());
    !headers.contains_key(AUTHORIZATION) && session.is_some_and(|cookie| cookie.is_present(headers))
}
