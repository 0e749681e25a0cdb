//! What can go wrong in a service; it knows no HTTP. A variant exists only where somebody reacts differently to it.
use std::time::Duration;

use sea_orm::DbErr;

use crate::{Code, Refusal};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// Absent, deleted, or not visible to this actor: indistinguishable.
    #[error("not found, or not visible to you")]
    NotFound,
    /// No, or no longer valid, credentials.
    #[error("not signed in")]
    Unauthenticated,
    /// The password was right, and the second factor is missing or wrong: which, is the code.
    #[error("this account has a second factor: send its current code as `otp`")]
    SecondFactor(Code),
    /// Visible, but not permitted. The text says what is missing.
    #[error("{0}")]
    Forbidden(&'static str),
    /// A query parameter was refused.
    #[error("{} query parameters were refused", .0.len())]
    Query(Vec<Refusal>),
    /// The rows of a page come to more bytes than an answer may have, and no cursor could lead to those left out.
    #[error("the rows of this page exceed {limit} bytes")]
    AnswerTooLarge {
        limit: u64,
        /// Rows of the page that fit.
        rows: usize,
    },
    /// Readable input that breaks a limit or a rule.
    #[error("{} fields were refused", .0.len())]
    Invalid(Vec<Refusal>),
    /// The state of a row, or a unique value that is taken, does not allow it.
    #[error("{detail}")]
    Conflict {
        detail: &'static str,
        refusals: Vec<Refusal>,
    },
    /// The row is in another version than the caller expected: in this one.
    #[error("the row has version {0}: read it again")]
    Stale(i64),
    /// The row is in a version that the caller wanted to leave alone: in this one.
    #[error("the row has version {0}, which If-None-Match excludes")]
    Unwanted(i64),
    /// Operations of one request were refused: as the first of them would have been alone, and where each of them was.
    #[error("{count} operations were refused: {first}")]
    Operations {
        first: Box<Error>,
        count: usize,
        refusals: Vec<Refusal>,
    },
    /// The caller must say which version it expects.
    #[error("a version is required: send If-Match with the ETag that you read")]
    VersionRequired,
    /// The idempotency key was sent with another request before.
    #[error(
        "this Idempotency-Key was already used for another method, path or body: use a new one"
    )]
    KeyReused,
    /// The same request, under the same idempotency key, is being worked on.
    #[error("the first request with this Idempotency-Key is still running: try again in a moment")]
    InProgress,
    /// Too many attempts failed: none is made for so long.
    #[error("too many attempts: wait {} s", .0.as_secs_f32())]
    RateLimited(Duration),
    /// A user has left behind as much as one user may.
    #[error("{what}: try again in {} s", .wait.as_secs())]
    QuotaReached { what: &'static str, wait: Duration },
    /// Another transaction was in the way: the same work may succeed when it is run again.
    #[error("conflict with another transaction")]
    Contended(#[source] DbErr),
    /// A part that the work needs is away or full: worth another try later.
    #[error("{0} is unavailable")]
    Unavailable(&'static str, #[source] Option<DbErr>),
    /// The request did more than its deadline allows. Trying it again would end the same way.
    #[error("the request exceeded its time limit")]
    QueryTimeout(#[source] DbErr),
    /// The database's disk or file cannot be used: somebody has to make room or repair it.
    #[error("{0}")]
    Storage(Storage, #[source] DbErr),
    /// A bug or a broken environment; only the log may say more.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// Why the disk or the file of a database cannot be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum Storage {
    #[error("the database disk is full")]
    Full,
    #[error("the database file cannot be read or written")]
    Unusable,
    #[error("the database file is damaged")]
    Damaged,
    #[error("the database is out of memory")]
    OutOfMemory,
}

impl Storage {
    /// What an operator should do about it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Full => "free some disk space; the server recovers by itself",
            Self::Unusable => {
                "check that the disk works, is mounted read-write, and that the user of this process may write to it"
            }
            Self::Damaged => {
                "stop the server, keep a copy of the file, and restore a backup, or try `sqlite3 FILE .recover`"
            }
            Self::OutOfMemory => "give the process more memory, or fewer connections",
        }
    }
}

impl Error {
    pub fn invalid(at: impl Into<String>, code: Code, detail: impl Into<String>) -> Self {
        Self::Invalid(vec![Refusal::new(at, code, detail)])
    }

    /// Fails with [`Error::Invalid`] if there are refusals.
    pub fn refuse(refusals: Vec<Refusal>) -> Result<()> {
        if refusals.is_empty() {
            Ok(())
        } else {
            Err(Self::Invalid(refusals))
        }
    }

    pub fn parameter(name: impl Into<String>, code: Code, detail: impl Into<String>) -> Self {
        Self::Query(vec![Refusal::new(name, code, detail)])
    }

    pub fn conflict(detail: &'static str) -> Self {
        Self::Conflict {
            detail,
            refusals: Vec::new(),
        }
    }

    /// A conflict that a field can resolve.
    pub fn conflict_at(at: impl Into<String>, code: Code, detail: &'static str) -> Self {
        Self::Conflict {
            detail,
            refusals: vec![Refusal::new(at, code, detail)],
        }
    }

    /// What the caller can mend: where, and how. None where that is nothing.
    pub fn refusals(&self) -> Option<Vec<Refusal>> {
        let alone = |at: &str, code: Code| vec![Refusal::new(at, code, self.to_string())];
        Some(match self {
            Self::Invalid(refusals) | Self::Operations { refusals, .. } => refusals.clone(),
            Self::Conflict { refusals, .. } if !refusals.is_empty() => refusals.clone(),
            Self::Conflict { .. } => alone("", Code::Conflict),
            Self::NotFound => alone("", Code::NotFound),
            Self::Forbidden(_) => alone("", Code::Forbidden),
            Self::Stale(_) | Self::Unwanted(_) => alone("/version", Code::Stale),
            Self::VersionRequired => alone("/version", Code::Required),
            _ => return None,
        })
    }

    /// The same, said of fields that stand beneath a pointer.
    #[must_use]
    pub fn beneath(mut self, pointer: &str) -> Self {
        if let Self::Invalid(refusals) | Self::Conflict { refusals, .. } = &mut self {
            for refusal in refusals {
                refusal.at.insert_str(0, pointer);
            }
        }
        self
    }

    /// Whether it is a conflict about this field.
    pub fn is_at(&self, pointer: &str) -> bool {
        let Self::Conflict { refusals, .. } = self else {
            return false;
        };
        refusals.iter().any(|refusal| refusal.at == pointer)
    }

    /// Whether the caller can mend it.
    pub fn is_refusal(&self) -> bool {
        self.refusals().is_some()
    }

    /// A failure of a library that the code rules out.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// A state that the code rules out.
    pub fn bug(what: impl Into<String>) -> Self {
        Self::internal(what.into())
    }
}
