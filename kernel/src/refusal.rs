//! Refusals: what a caller sent that was not accepted, where it stands, and what is allowed.
use schemars::JsonSchema;
use serde::{Deserialize, Serialize};

use crate::quote;

/// The reason why a field or parameter is refused. Clients may rely on these codes; the texts beside them may change.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize, JsonSchema)]
#[serde(rename_all = "snake_case")]
#[schemars(rename = "RefusalCode")]
pub enum Code {
    /// The value is missing or blank.
    Required,
    /// The text has too few characters.
    TooShort,
    /// The text has too many characters, or the record too many bytes.
    TooLong,
    /// The list has too many values.
    TooMany,
    /// The answer would have too many bytes.
    TooLarge,
    /// The number, time or list is outside its limits.
    OutOfRange,
    /// The text does not match the pattern of the field.
    Pattern,
    /// The text is not a valid e-mail address.
    Email,
    /// The value breaks another rule of the field.
    Invalid,
    /// The value has the wrong type.
    WrongType,
    /// The value is well-formed, but not allowed here or for this caller.
    NotAllowed,
    /// The parameter, field, operator, relation or permission does not exist.
    Unknown,
    /// The body has a field that does not exist.
    UnknownField,
    /// The parameter, field or value occurs more than once.
    Duplicate,
    /// Another row has this unique value.
    Taken,
    /// The state of a row does not allow the operation.
    Conflict,
    /// The row that the value names does not exist or is not visible to the caller.
    NotFound,
    /// The owner of the row is deleted.
    Deleted,
    /// The row has a different version from the one that the caller expected.
    Stale,
    /// The caller lacks a permission.
    Forbidden,
    /// The text cannot be parsed.
    Malformed,
    /// Two values contradict each other.
    Mismatch,
    /// The cursor belongs to another list or was modified.
    BadCursor,
    /// The password or one-time code is wrong.
    Wrong,
    /// The one-time token is wrong, used or expired.
    InvalidToken,
    /// The password is too easy to guess.
    TooGuessable,
    /// The second factor is on, and its code is missing.
    OtpRequired,
    /// The code of the second factor is wrong.
    OtpWrong,
    /// The password is right, but the account is deactivated.
    Deactivated,
    /// Too many sign-ins failed, or too many wrong passwords or codes were sent. Even the right one is refused until `Retry-After` has passed.
    TooManyFailures,
}

/// One refused field or parameter: its place, a stable code, and what is allowed. It repeats little of the client's text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Refusal {
    /// A JSON Pointer (RFC 6901) into the body, or the name of a query parameter.
    pub at: String,
    pub code: Code,
    pub detail: String,
}

impl Refusal {
    pub fn new(at: impl Into<String>, code: Code, detail: impl Into<String>) -> Self {
        Self {
            at: quote::quote(at),
            code,
            detail: quote::explanation(detail),
        }
    }
}

/// A refusal of a value: its code, and what is allowed.
pub type Refused = (Code, String);
