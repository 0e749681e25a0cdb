//! The kinds of failure that there are.
use actix_web::http::StatusCode;

/// The kinds of the contract, §2.
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
}

impl Kind {
    pub const ALL: [Self; 17] = [
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
        }
    }

    /// Its name in a URL.
    pub fn slug(self) -> String {
        self.parts().1.replace('_', "-")
    }

    /// When it happens, and what to do.
    pub fn meaning(self) -> &'static str {
        match self {
            Self::MalformedRequest => {
                "The path, the query string or the body cannot be read. `errors` names refused parameters; \
                 a body must be one JSON object in UTF-8, without a key that stands twice."
            }
            Self::AnswerTooLarge => {
                "The answer would have more bytes than an answer may have. Ask for fewer columns with `fields`, or for \
                 fewer rows with `limit`."
            }
            Self::Unauthenticated => {
                "There are no credentials, or they have expired or were revoked. Sign in at /api/v1/auth/login \
                 and send the token as `Authorization: Bearer …`."
            }
            Self::Forbidden => {
                "You are known, and may not do this. Somebody may give you a role that allows it."
            }
            Self::NotFound => "What the path names is absent, deleted, or not for you to see.",
            Self::MethodNotAllowed => {
                "The path is there, but not for this method. `Allow` names those that it takes."
            }
            Self::RequestTimeout => "The body did not arrive in time. Send it again.",
            Self::Conflict => {
                "The state of a row, or a unique value that is taken, does not allow it. `errors` names the field \
                 that can resolve it, where one can."
            }
            Self::PreconditionFailed => {
                "Somebody changed the row since you read the version that `If-Match` names. Read it again, and change \
                 what is there now."
            }
            Self::PayloadTooLarge => {
                "The body has more bytes than are taken. `detail` says how many may be sent."
            }
            Self::UnsupportedMediaType => {
                "Send the body as application/json, without Content-Encoding; a PATCH may also be \
                 application/merge-patch+json."
            }
            Self::ValidationFailed => {
                "The body can be read, but `errors` names fields that break a limit or a rule."
            }
            Self::PreconditionRequired => {
                "Here nobody writes over what they have not read: send `If-Match` with the `ETag` of the row."
            }
            Self::RateLimited => {
                "Too many came at once, or too many attempts failed. Try again after `Retry-After` seconds, and not \
                 before: until then nothing is tried."
            }
            Self::Internal => {
                "A fault of this server. Its operator finds the cause in the log under `request_id`."
            }
            Self::Unavailable => {
                "A part that this needs is away or busy. Try again after `Retry-After` seconds."
            }
            Self::QueryTimeout => {
                "The request took longer than it may. The same request would end the same way: ask for less, with \
                 fewer filters, another `sort` or a smaller `limit`."
            }
        }
    }
}
