//! Everything that this crate asks an application for: who its callers are.
use std::pin::Pin;

use kernel::{Actor, Error, Kernel, Result, Session, actor::Withheld};
use secrecy::SecretString;

use crate::{cookie::HostCookie, traces::Traces};

/// A future of an answer, so that [`Application`] can be a trait object.
pub type Answered<'a, T> = Pin<Box<dyn Future<Output = Result<T>> + 'a>>;

/// An application, as the checks of a request see it.
pub trait Application: Send + Sync + 'static {
    /// Finds the caller that a token of the `Authorization` header identifies. Fails with [`Error::InvalidToken`] if the
    /// token is invalid.
    fn resolve_token<'a>(
        &'a self,
        kernel: &'a Kernel,
        token: &'a SecretString,
    ) -> Answered<'a, Actor>;

    /// Returns the actor of a request without credentials.
    fn without_credentials(&self) -> Actor {
        Actor::Anonymous
    }

    /// Returns the cookie that signs browsers in, if there is one.
    fn session_cookie(&self) -> Option<HostCookie> {
        None
    }

    /// Returns the cookie with which browsers send the position of their last write, if there is one.
    fn position_cookie(&self) -> Option<HostCookie> {
        None
    }

    /// Finds the caller that a session cookie identifies. Fails with [`Error::InvalidToken`] if the cookie is invalid.
    fn resolve_cookie<'a>(
        &'a self,
        _kernel: &'a Kernel,
        _cookie: &'a SecretString,
    ) -> Answered<'a, Actor> {
        Box::pin(async { Err(Error::InvalidToken) })
    }

    /// Fails with [`Error::Forbidden`] unless the `X-CSRF-Token` header of a change belongs to the session cookie.
    fn check_csrf_token<'a>(
        &'a self,
        _kernel: &'a Kernel,
        _cookie: &'a SecretString,
        _token: &'a str,
    ) -> Answered<'a, ()> {
        Box::pin(async { Err(Error::forbidden("wrong X-CSRF-Token header")) })
    }

    /// Returns the name that people know the caller by, if callers have names.
    fn caller_name<'a>(&'a self, _session: &'a Session) -> Answered<'a, Option<String>> {
        Box::pin(async { Ok(None) })
    }

    /// Returns what exports the spans of requests, if anything does.
    fn traces(&self) -> Option<&'static dyn Traces> {
        None
    }

    /// Tells callers what to do before they may use their permissions.
    fn advice(&self, withheld: Withheld) -> &'static str {
        match withheld {
            Withheld::SecondFactor => "enable a second factor first",
            Withheld::Verification => "verify your e-mail address first",
        }
    }
}

/// An application without accounts: this actor makes every request, and no token is valid.
pub struct Fixed(pub Actor);

impl Application for Fixed {
    fn without_credentials(&self) -> Actor {
        self.0.clone()
    }

    fn resolve_token<'a>(&'a self, _: &'a Kernel, _: &'a SecretString) -> Answered<'a, Actor> {
        Box::pin(async { Err(Error::InvalidToken) })
    }
}
