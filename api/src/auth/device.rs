//! The cookie of a device that a user signed in from. It grants no access; it only tells known devices from new ones.
use actix_web::{
    HttpRequest,
    cookie::{Cookie, time::Duration},
    web::Data,
};
use kernel::{Origin, Session};
use secrecy::SecretString;
use service::identity::device::LIFETIME;
use web::{Application, cookie::HostCookie};

const DEVICE_COOKIE: HostCookie = HostCookie("__Host-atoll-device");
/// The name of the cookie on plain HTTP, which only development uses.
const PLAIN_DEVICE_COOKIE: HostCookie = HostCookie("atoll-dev-device");

/// Returns the cookie of devices, which needs TLS if that of sessions does.
fn cookie(request: &HttpRequest) -> HostCookie {
    let application = request.app_data::<Data<dyn Application>>();
    let session = application.and_then(|application| application.session_cookie());
    if session.is_some_and(|session| !session.is_secure()) {
        PLAIN_DEVICE_COOKIE
    } else {
        DEVICE_COOKIE
    }
}

/// Adds the device of the request to the origin of the session.
pub fn with_device(session: Session, request: &HttpRequest) -> Session {
    let origin = Origin {
        device: cookie(request).read(request),
        ..session.origin().clone()
    };
    session.with_origin(origin)
}

/// Builds the cookie with the lifetime of its value.
pub fn device_cookie<'a>(value: &'a SecretString, request: &HttpRequest) -> Cookie<'a> {
    let mut cookie = cookie(request).with(value);
    cookie.set_max_age(Duration::seconds(LIFETIME.num_seconds()));
    cookie
}
