//! The body of every failure: `application/problem+json` (RFC 9457).
mod kind;

pub use kind::Kind;

use std::{
    fmt::{self, Write},
    time::Duration,
};

use actix_web::{
    HttpResponse, ResponseError,
    http::{
        Method, StatusCode,
        header::{ALLOW, RETRY_AFTER, SET_COOKIE, WWW_AUTHENTICATE},
    },
};
use kernel::{Code, Error, Refusal, error::ReadOnly, quote};
use serde::Serialize;
use serde_json::{Map, Value, json};

use crate::{cookie::HostCookie, rate::seconds};

/// The default of `Retry-After`, in seconds.
const RETRY: u64 = 1;

/// The refusals that one problem lists.
const MAX_LISTED: usize = 20;

/// The values of `WWW-Authenticate`: the second one is for a request with a token (RFC 6750, section 3.1).
pub const CHALLENGES: [&str; 2] = ["Bearer", INVALID_TOKEN];
const INVALID_TOKEN: &str = r#"Bearer error="invalid_token""#;

/// The bytes of a path that a problem repeats. The paths of all routes are shorter.
const MAX_INSTANCE: usize = 200;

#[derive(Debug, Clone)]
pub struct Problem {
    kind: Kind,
    detail: String,
    errors: Vec<Value>,
    /// The result of each readiness check, if the server is not ready.
    checks: Option<Value>,
    /// Members that only some problems have.
    more: Map<String, Value>,
    /// Seconds after which the same request may succeed.
    retry_after: Option<u64>,
    /// The allowed methods, for a 405.
    allow: String,
    /// The value of `WWW-Authenticate`, for a 401.
    challenge: &'static str,
    /// The session cookie to remove, because it was refused and scripts cannot remove it.
    removed_cookie: Option<HostCookie>,
    /// Filled in by the outermost middleware, which knows the request.
    instance: String,
    request_id: String,
}

impl Problem {
    pub fn new(kind: Kind, detail: impl Into<String>) -> Self {
        Self {
            kind,
            detail: detail.into(),
            errors: Vec::new(),
            checks: None,
            more: Map::new(),
            retry_after: (kind == Kind::Unavailable).then_some(RETRY),
            allow: String::new(),
            challenge: CHALLENGES[0],
            removed_cookie: None,
            instance: String::new(),
            request_id: String::new(),
        }
    }

    pub fn malformed(detail: impl Into<String>) -> Self {
        Self::new(Kind::MalformedRequest, detail)
    }

    pub fn not_found() -> Self {
        Self::new(Kind::NotFound, "not found, or not visible to you")
    }

    pub fn unauthenticated() -> Self {
        Self::new(
            Kind::Unauthenticated,
            "sign in, and send the token as `Authorization: Bearer …`",
        )
    }

    /// The password was right, but the sign-in is refused for another reason.
    fn sign_in_refused(pointer: &str, code: Code, error: &Error) -> Self {
        let refusal = Refusal::new(pointer, code, error.to_string());
        Self::new(Kind::Unauthenticated, error.to_string()).with_errors("pointer", vec![refusal])
    }

    pub fn forbidden(detail: impl Into<String>) -> Self {
        Self::new(Kind::Forbidden, detail)
    }

    pub fn unavailable(what: &str) -> Self {
        Self::new(
            Kind::Unavailable,
            format!("{what} is unavailable or busy: try again in {RETRY} s"),
        )
    }

    /// Writes are refused. Only a failover can be expected to end soon.
    fn read_only(reason: ReadOnly) -> Self {
        let (until, retry_after) = match reason {
            ReadOnly::Database => (format!("try again in {RETRY} s"), Some(RETRY)),
            ReadOnly::Configured | ReadOnly::Signalled | ReadOnly::Switched => (
                "writes are refused until an operator ends this".to_owned(),
                None,
            ),
        };
        let detail = format!("read-only mode: {reason}; reads are served, and {until}");
        Self {
            retry_after,
            ..Self::new(Kind::ReadOnly, detail)
        }
    }

    /// A limit of the whole server is reached.
    pub fn overloaded(detail: &str) -> Self {
        let detail = format!("{detail}: try again in {RETRY} s");
        Self::new(Kind::Unavailable, detail)
    }

    pub fn rate_limited(wait: Duration) -> Self {
        Self::too_many("requests", wait)
    }

    fn too_many(what: &str, wait: Duration) -> Self {
        let wait = seconds(wait);
        Self {
            retry_after: Some(wait),
            ..Self::new(
                Kind::RateLimited,
                format!("too many {what}: try again in {wait} s"),
            )
        }
    }

    /// A limit of one caller is reached. It is soon free again, when the caller's running requests end.
    pub fn busy(detail: &str) -> Self {
        let detail = format!("{detail}: try again in {RETRY} s");
        Self {
            retry_after: Some(RETRY),
            ..Self::new(Kind::RateLimited, detail)
        }
    }

    pub fn not_ready(checks: &impl Serialize) -> Self {
        Self {
            checks: serde_json::to_value(checks).ok(),
            ..Self::new(Kind::Unavailable, "not ready: a check in `checks` failed")
        }
    }

    pub fn internal() -> Self {
        Self::new(
            Kind::Internal,
            "internal error; quote this request id to the operator",
        )
    }

    pub fn method_not_allowed(method: &Method, allow: &str) -> Self {
        // A method is any token, of any length.
        let method = quote(method.as_str());
        let detail = format!("method {method} not allowed; allowed: {allow}");
        Self {
            allow: allow.to_owned(),
            ..Self::new(Kind::MethodNotAllowed, detail)
        }
    }

    pub fn too_large(limit: usize) -> Self {
        Self::new(
            Kind::PayloadTooLarge,
            format!("a body may have at most {limit} bytes"),
        )
    }

    pub fn timeout() -> Self {
        Self::new(Kind::RequestTimeout, "the body did not arrive in time")
    }

    pub fn unsupported(detail: impl Into<String>) -> Self {
        Self::new(Kind::UnsupportedMediaType, detail)
    }

    pub fn status(&self) -> u16 {
        self.kind.parts().0.as_u16()
    }

    /// Adds the path and the id of the request.
    #[must_use]
    pub fn for_request(mut self, instance: &str, request_id: &str) -> Self {
        // Slicing is safe: actix-web accepts only ASCII paths.
        let repeated = instance.get(..MAX_INSTANCE).unwrap_or(instance);
        repeated.clone_into(&mut self.instance);
        request_id.clone_into(&mut self.request_id);
        self
    }

    /// Removes the client's session cookie if its credentials were refused.
    #[must_use]
    pub fn removing(mut self, cookie: HostCookie) -> Self {
        self.removed_cookie = (self.kind == Kind::Unauthenticated).then_some(cookie);
        self
    }

    /// Adds a member that only this kind of problem has.
    #[must_use]
    pub fn with(mut self, name: &str, value: impl Serialize) -> Self {
        self.more.insert(name.to_owned(), json!(value));
        self
    }

    fn with_errors(mut self, place: &str, refusals: Vec<Refusal>) -> Self {
        let error = |refusal: Refusal| json!({ place: refusal.at, "code": refusal.code, "detail": refusal.detail });
        if refusals.len() > MAX_LISTED {
            let _ = write!(self.detail, "; the first {MAX_LISTED} are listed");
        }
        self.errors = refusals.into_iter().take(MAX_LISTED).map(error).collect();
        self
    }

    /// Converts a failure of actix-web, of which only the status is known.
    pub fn from_status(status: StatusCode) -> Self {
        match status {
            StatusCode::NOT_FOUND => Self::not_found(),
            StatusCode::REQUEST_TIMEOUT => Self::timeout(),
            status if status.is_client_error() => Self::malformed("malformed request"),
            _ => Self::internal(),
        }
    }
}

/// The only place that maps failures of the service to statuses.
impl From<Error> for Problem {
    fn from(error: Error) -> Self {
        match error {
            Error::NotFound => Self::not_found(),
            Error::Unauthenticated => Self::unauthenticated(),
            Error::InvalidToken => Self {
                challenge: INVALID_TOKEN,
                ..Self::new(Kind::Unauthenticated, error.to_string())
            },
            Error::WrongLogin => Self::new(Kind::Unauthenticated, error.to_string()),
            Error::Deactivated => Self::sign_in_refused("/login", Code::Deactivated, &error),
            Error::SecondFactor(code) => Self::sign_in_refused("/otp", code, &error),
            Error::Forbidden(detail) => Self::forbidden(detail),
            Error::Query(refusals) => Self::malformed(count(refusals.len(), "query parameter"))
                .with_errors("parameter", refusals),
            Error::AnswerTooLarge { rows, .. } => {
                let fewer = format!("ask for at most {rows} rows");
                let refusals = vec![
                    Refusal::new("limit", Code::TooLarge, fewer),
                    Refusal::new("fields", Code::TooLarge, "or ask for fewer fields"),
                ];
                Self::new(Kind::AnswerTooLarge, error.to_string())
                    .with_errors("parameter", refusals)
            }
            Error::Invalid(refusals) => {
                Self::new(Kind::ValidationFailed, count(refusals.len(), "field"))
                    .with_errors("pointer", refusals)
            }
            Error::Conflict { detail, refusals } => {
                Self::new(Kind::Conflict, detail).with_errors("pointer", refusals)
            }
            Error::Operations {
                first,
                count: refused,
                refusals,
            } => {
                let detail = count(refused, "operation");
                let first = Self::from(*first);
                Self { detail, ..first }.with_errors("pointer", refusals)
            }
            Error::Stale(_) | Error::Unwanted(_) => {
                Self::new(Kind::PreconditionFailed, error.to_string())
            }
            Error::VersionRequired => Self::new(Kind::PreconditionRequired, error.to_string()),
            Error::KeyReused => Self::new(Kind::ValidationFailed, error.to_string()),
            Error::InProgress => Self {
                retry_after: Some(RETRY),
                ..Self::new(Kind::Conflict, error.to_string())
            },
            Error::TooManyFailures { what, wait } => {
                let refusal = Refusal::new("", Code::TooManyFailures, error.to_string());
                Self::too_many(what, wait).with_errors("pointer", vec![refusal])
            }
            Error::QuotaReached { wait, .. } => Self {
                retry_after: Some(seconds(wait)),
                ..Self::new(Kind::RateLimited, error.to_string())
            },
            Error::Contended(cause) => {
                tracing::warn!(%cause, "write conflict, gave up after the last retry");
                Self::unavailable("the database")
            }
            Error::Unavailable(what, cause) => {
                tracing::warn!(
                    what,
                    cause = cause.map(tracing::field::display),
                    "unavailable"
                );
                Self::unavailable(what)
            }
            // The mode is logged when it changes, not with each request.
            Error::ReadOnly(reason) => Self::read_only(reason),
            Error::QueryTimeout(ref cause) => {
                tracing::warn!(%cause, "query timeout");
                Self::new(Kind::QueryTimeout, error.to_string())
            }
            Error::Storage(storage, cause) => {
                let advice = storage.advice();
                tracing::error!(%cause, advice, "{storage}");
                Self::new(Kind::Unavailable, format!("{storage}: try again later"))
            }
            Error::Internal(cause) => {
                tracing::error!(cause = cause.as_ref(), "internal error");
                Self::internal()
            }
        }
    }
}

/// The members, in the order of RFC 9457.
#[derive(Serialize)]
struct Body<'a> {
    #[serde(rename = "type")]
    kind: String,
    title: &'static str,
    status: u16,
    code: &'static str,
    detail: &'a str,
    instance: &'a str,
    request_id: &'a str,
    #[serde(skip_serializing_if = "<[Value]>::is_empty")]
    errors: &'a [Value],
    #[serde(skip_serializing_if = "Option::is_none")]
    checks: Option<&'a Value>,
    #[serde(flatten)]
    more: &'a Map<String, Value>,
}

fn count(refused: usize, what: &str) -> String {
    match refused {
        1 => format!("1 {what} was refused"),
        many => format!("{many} {what}s were refused"),
    }
}

impl fmt::Display for Problem {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.detail)
    }
}

impl ResponseError for Problem {
    fn status_code(&self) -> StatusCode {
        self.kind.parts().0
    }

    fn error_response(&self) -> HttpResponse {
        let (status, code, title) = self.kind.parts();
        let body = Body {
            kind: format!("/problems/{}", self.kind.slug()),
            title,
            status: status.as_u16(),
            code,
            detail: &self.detail,
            instance: &self.instance,
            request_id: &self.request_id,
            errors: &self.errors,
            checks: self.checks.as_ref(),
            more: &self.more,
        };
        let mut response = HttpResponse::build(status);
        match self.kind {
            Kind::Unauthenticated => response.insert_header((WWW_AUTHENTICATE, self.challenge)),
            Kind::MethodNotAllowed => response.insert_header((ALLOW, self.allow.as_str())),
            _ => &mut response,
        };
        if let Some(wait) = self.retry_after {
            response.insert_header((RETRY_AFTER, wait));
        }
        if let Some(cookie) = self.removed_cookie {
            response.append_header((SET_COOKIE, cookie.removal().to_string()));
        }
        // `json` does not overwrite a content type that is set.
        response.content_type("application/problem+json").json(body)
    }
}
