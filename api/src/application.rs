//! Who callers are: their tokens, their session cookies, and what keeps them from their permissions.
use kernel::{Actor, Error, Kernel, Session, actor::Withheld};
use secrecy::SecretString;
use service::identity;
use web::{Application, Traces, application::Answered, cookie::HostCookie};

use crate::telemetry;

/// The cookie with the position of the last write, for browsers.
const POSITION_COOKIE: HostCookie = HostCookie("__Host-atoll-position");
/// The name of the cookie on plain HTTP, which only development uses.
const PLAIN_POSITION_COOKIE: HostCookie = HostCookie("atoll-dev-position");

/// The checks of the callers of this product.
pub struct Callers {
    pub session_cookie: HostCookie,
}

impl Application for Callers {
    fn resolve_token<'a>(
        &'a self,
        kernel: &'a Kernel,
        token: &'a SecretString,
    ) -> Answered<'a, Actor> {
        Box::pin(identity::resolve(kernel, token))
    }

    fn session_cookie(&self) -> Option<HostCookie> {
        Some(self.session_cookie)
    }

    fn position_cookie(&self) -> Option<HostCookie> {
        Some(if self.session_cookie.is_secure() {
            POSITION_COOKIE
        } else {
            PLAIN_POSITION_COOKIE
        })
    }

    fn resolve_cookie<'a>(
        &'a self,
        kernel: &'a Kernel,
        cookie: &'a SecretString,
    ) -> Answered<'a, Actor> {
        Box::pin(identity::resolve_token(kernel, cookie))
    }

    fn check_csrf_token<'a>(
        &'a self,
        kernel: &'a Kernel,
        cookie: &'a SecretString,
        token: &'a str,
    ) -> Answered<'a, ()> {
        Box::pin(async move {
            if identity::is_csrf_token(kernel, cookie, token).await? {
                Ok(())
            } else {
                Err(Error::forbidden(
                    "missing or wrong X-CSRF-Token header: a request with a cookie needs the token from GET /api/v1/auth/cookie",
                ))
            }
        })
    }

    fn caller_name<'a>(&'a self, session: &'a Session) -> Answered<'a, Option<String>> {
        Box::pin(identity::username(session))
    }

    fn traces(&self) -> Option<&'static dyn Traces> {
        telemetry::request_traces()
    }

    fn advice(&self, withheld: Withheld) -> &'static str {
        match withheld {
            Withheld::Verification => {
                "your e-mail address is not verified: open the link in the e-mail that you were sent, or request \
                 another with POST /api/v1/auth/email/verify/resend"
            }
            Withheld::SecondFactor => {
                "one of your roles requires a second factor: enable it with POST /api/v1/auth/totp and \
                 POST /api/v1/auth/totp/confirm"
            }
        }
    }
}
