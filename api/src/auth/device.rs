//! The cookie of a device that a user signed in from. It grants no access; it only tells known devices from new ones.
use actix_web::{
    HttpRequest,
    cookie::{Cookie, time::Duration},
};
use kernel::{Origin, Session};
use secrecy::SecretString;
use service::identity::device::LIFETIME;
use web::cookie::HostCookie;

const DEVICE_COOKIE: HostCookie = HostCookie("__Host-atoll-device");

/// Adds the device of the request to the origin of the session.
pub fn with_device(session: Session, request: &HttpRequest) -> Session {
    let origin = Origin {
        device: DEVICE_COOKIE.read(request),
        ..session.origin().clone()
    };
    session.with_origin(origin)
}

/// Builds the cookie with the lifetime of its value.
pub fn device_cookie(value: &SecretString) -> Cookie<'_> {
    let mut cookie = DEVICE_COOKIE.with(value);
    cookie.set_max_age(Duration::seconds(LIFETIME.num_seconds()));
    cookie
}
