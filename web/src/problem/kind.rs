//! The kinds of failure.
use actix_web::http::StatusCode;

/// The kinds of failure that the contract lists (§2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    MalformedRequest,
    AnswerTooLarge,
    Unauthenticated,
    Forbidden,
    NotFound,
    MethodNotAllowed,
    RequestTimeout,
    Conflict,
    PreconditionFailed,
    PayloadTooLarge,
    UnsupportedMediaType,
    ValidationFailed,
    PreconditionRequired,
    RateLimited,
    Internal,
    Unavailable,
    QueryTimeout,
    ReadOnly,
}

impl Kind {
    pub const ALL: [Self; 18] = [
        Self::MalformedRequest,
        Self::AnswerTooLarge,
        Self::Unauthenticated,
        Self::Forbidden,
        Self::NotFound,
        Self::MethodNotAllowed,
        Self::RequestTimeout,
        Self::Conflict,
        Self::PreconditionFailed,
        Self::PayloadTooLarge,
        Self::UnsupportedMediaType,
        Self::ValidationFailed,
        Self::PreconditionRequired,
        Self::RateLimited,
        Self::Internal,
        Self::Unavailable,
        Self::QueryTimeout,
        Self::ReadOnly,
    ];

    /// The status, the stable code and the title.
    pub fn parts(self) -> (StatusCode, &'static str, &'static str) {
        match self {
            Self::MalformedRequest => (
                StatusCode::BAD_REQUEST,
                "malformed_request",
                "Malformed request",
            ),
            Self::AnswerTooLarge => (
                StatusCode::BAD_REQUEST,
                "answer_too_large",
                "Answer too large",
            ),
            Self::Unauthenticated => (StatusCode::UNAUTHORIZED, "unauthenticated", "Not signed in"),
            Self::Forbidden => (StatusCode::FORBIDDEN, "forbidden", "Forbidden"),
            Self::NotFound => (StatusCode::NOT_FOUND, "not_found", "Not found"),
            Self::MethodNotAllowed => (
                StatusCode::METHOD_NOT_ALLOWED,
                "method_not_allowed",
                "Method not allowed",
            ),
            Self::RequestTimeout => (
                StatusCode::REQUEST_TIMEOUT,
                "request_timeout",
                "Request timeout",
            ),
            Self::Conflict => (StatusCode::CONFLICT, "conflict", "Conflict"),
            Self::PreconditionFailed => (
                StatusCode::PRECONDITION_FAILED,
                "precondition_failed",
                "Precondition failed",
            ),
            Self::PayloadTooLarge => (
                StatusCode::PAYLOAD_TOO_LARGE,
                "payload_too_large",
                "Payload too large",
            ),
            Self::UnsupportedMediaType => (
                StatusCode::UNSUPPORTED_MEDIA_TYPE,
                "unsupported_media_type",
                "Unsupported media type",
            ),
            Self::ValidationFailed => (
                StatusCode::UNPROCESSABLE_ENTITY,
                "validation_failed",
                "Validation failed",
            ),
            Self::PreconditionRequired => (
                StatusCode::PRECONDITION_REQUIRED,
                "precondition_required",
                "Precondition required",
            ),
            Self::RateLimited => (
                StatusCode::TOO_MANY_REQUESTS,
                "rate_limited",
                "Too many requests",
            ),
            Self::Internal => (
                StatusCode::INTERNAL_SERVER_ERROR,
                "internal",
                "Internal error",
            ),
            Self::Unavailable => (
                StatusCode::SERVICE_UNAVAILABLE,
                "unavailable",
                "Unavailable",
            ),
            Self::QueryTimeout => (
                StatusCode::SERVICE_UNAVAILABLE,
                "query_timeout",
                "Query timeout",
            ),
            Self::ReadOnly => (
                StatusCode::SERVICE_UNAVAILABLE,
                "read_only",
                "Read-only mode",
            ),
        }
    }

    /// The last segment of the problem's `type` URL.
    pub fn slug(self) -> String {
        self.parts().1.replace('_', "-")
    }

    /// Explains when the failure happens and what to do.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::MalformedRequest => {
                "The path, the query string or the body is malformed. `errors` names refused parameters; \
                 a body must be one JSON object in UTF-8 without duplicate keys."
            }
            Self::AnswerTooLarge => {
                "The answer would exceed the size limit. Ask for fewer fields with `fields`, or for fewer rows with `limit`."
            }
            Self::Unauthenticated => {
                "The credentials are missing, wrong, expired or revoked. Sign in, \
                 and send the token as `Authorization: Bearer …`. `WWW-Authenticate` has `error=\"invalid_token\"` if a token was \
                 sent that is not valid, or no longer valid."
            }
            Self::Forbidden => {
                "You do not have permission to do this. Ask an administrator for a permission that allows it."
            }
            Self::NotFound => {
                "The path names something that is absent, deleted, or not visible to you."
            }
            Self::MethodNotAllowed => {
                "The path exists, but does not support this method. `Allow` lists the methods that it supports."
            }
            Self::RequestTimeout => "The body did not arrive in time. Send it again.",
            Self::Conflict => {
                "The state of a row, or a unique value that is already taken, does not allow the request. `errors` names \
                 the field to change, if there is one."
            }
            Self::PreconditionFailed => {
                "The row's version is not one that `If-Match` allows, or is one that `If-None-Match` excludes. Read the \
                 row again and apply your change to its current version."
            }
            Self::PayloadTooLarge => "The body is too large. `detail` names the limit in bytes.",
            Self::UnsupportedMediaType => {
                "Send the body as application/json, without Content-Encoding; a PATCH may also be \
                 application/merge-patch+json."
            }
            Self::ValidationFailed => {
                "The body is well-formed, but the fields that `errors` names break a limit or a rule."
            }
            Self::PreconditionRequired => {
                "This server requires a version with every change: send `If-Match` with the `ETag` of the row."
            }
            Self::RateLimited => {
                "You sent too many requests, or too many sign-ins failed; then `errors` has the code `too_many_failures`. Try again \
                 after `Retry-After` seconds; until then even the right password is refused."
            }
            Self::Internal => {
                "The server failed. The operator finds the cause in the log under `request_id`."
            }
            Self::Unavailable => {
                "The server, or a service that it depends on, is unavailable or busy. Try again after `Retry-After` seconds."
            }
            Self::QueryTimeout => {
                "The request exceeded its time limit. Retrying it unchanged would fail again: use fewer filters, another \
                 `sort` or a smaller `limit`."
            }
            Self::ReadOnly => {
                "The server is in read-only mode: it answers reads, and refuses every change, sign-ins included. Tokens stay valid. \
                 `detail` says why. With `Retry-After` this is expected to end soon; without it, an operator ends it."
            }
        }
    }
}
