//! The errors of services, which know no HTTP. A variant exists only if some code handles it differently.
use std::{borrow::Cow, time::Duration};

use sea_orm::DbErr;

use crate::{Code, Refusal};

pub type Result<T, E = Error> = std::result::Result<T, E>;

#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The row is absent, deleted, or not visible to this actor. The caller cannot tell which.
    #[error("not found, or not visible to you")]
    NotFound,
    /// The caller is not signed in, or their session has ended meanwhile.
    #[error("not signed in")]
    Unauthenticated,
    /// The token or API key of the request is malformed, expired or revoked. The caller cannot tell which.
    #[error("the token is not valid, or no longer valid: sign in again")]
    InvalidToken,
    /// No account has this login and password.
    #[error("wrong user name or password")]
    WrongLogin,
    /// The login and the password are right, but the account is deactivated.
    #[error("this account is deactivated: ask an administrator to activate it")]
    Deactivated,
    /// The password was right, but the second factor is missing or wrong. The code says which.
    #[error("this account has a second factor: send its current code as `otp`")]
    SecondFactor(Code),
    /// The row is visible, but the action is not permitted. The text says what is missing.
    #[error("{0}")]
    Forbidden(Cow<'static, str>),
    /// A query parameter was refused.
    #[error("{} query parameters were refused", .0.len())]
    Query(Vec<Refusal>),
    /// The rows of a page have more bytes than an answer may have, and no cursor could lead to the rest.
    #[error("the rows of this page exceed {limit} bytes")]
    AnswerTooLarge {
        limit: u64,
        /// The number of rows of the page that fit.
        rows: usize,
    },
    /// The input was parsed, but breaks a limit or a rule.
    #[error("{} fields were refused", .0.len())]
    Invalid(Vec<Refusal>),
    /// The state of a row, or a unique value that is taken, does not allow it.
    #[error("{detail}")]
    Conflict {
        detail: &'static str,
        refusals: Vec<Refusal>,
    },
    /// The row has this version, which is not the one that the caller expects.
    #[error("the row has version {0}: read it again")]
    Stale(i64),
    /// The row has this version, which the caller excludes.
    #[error("the row has version {0}, which If-None-Match excludes")]
    Unwanted(i64),
    /// Operations of one request were refused. `first` decides the answer, and the refusals name each operation.
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
    /// The first request with the same idempotency key is still running.
    #[error("the first request with this Idempotency-Key is still running: try again in a moment")]
    InProgress,
    /// Too many attempts to guess a secret failed. The next one is allowed after `wait`.
    #[error("too many {what}")]
    TooManyFailures { what: &'static str, wait: Duration },
    /// A user has reached the limit of what one user may store.
    #[error("{what}: try again in {} s", .wait.as_secs())]
    QuotaReached { what: &'static str, wait: Duration },
    /// The transaction conflicts with another one. A retry may succeed.
    #[error("conflict with another transaction")]
    Contended(#[source] DbErr),
    /// A dependency is unreachable or overloaded. A retry may succeed later.
    #[error("{0} is unavailable")]
    Unavailable(&'static str, #[source] Option<DbErr>),
    /// The request did more than its deadline allows. A retry would fail in the same way.
    #[error("the request exceeded its time limit")]
    QueryTimeout(#[source] DbErr),
    /// Writes are refused for a while; reads are served.
    #[error("read-only mode: {0}")]
    ReadOnly(ReadOnly),
    /// The disk or the file of the database cannot be used until an operator frees space or repairs it.
    #[error("{0}")]
    Storage(Storage, #[source] DbErr),
    /// A bug or a broken environment. Only the log has the details.
    #[error("internal error")]
    Internal(#[source] Box<dyn std::error::Error + Send + Sync>),
}

/// The reason for which writes are refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ReadOnly {
    /// `server.mode` of this node says so.
    #[error("this server is configured to be read-only")]
    Configured,
    /// The process of this node got a signal.
    #[error("an operator made this server read-only")]
    Signalled,
    /// All nodes were switched.
    #[error("an administrator made all servers read-only")]
    Switched,
    #[error("the database accepts no writes at the moment")]
    Database,
}

impl ReadOnly {
    /// All reasons. If several hold, the first one is reported, because it lasts longer than a failover.
    pub const ALL: [Self; 4] = [
        Self::Configured,
        Self::Signalled,
        Self::Switched,
        Self::Database,
    ];

    /// The stable name in answers and metrics.
    pub fn name(self) -> &'static str {
        match self {
            Self::Configured => "configured",
            Self::Signalled => "signalled",
            Self::Switched => "switched",
            Self::Database => "database",
        }
    }

    /// Returns what ends it.
    pub fn advice(self) -> &'static str {
        match self {
            Self::Configured | Self::Signalled => {
                "send SIGUSR2 to the process, or start it with server.mode = \"read_write\""
            }
            Self::Switched => {
                "run `atoll mode read_write`, or send PUT /api/v1/system/mode with {\"mode\":\"read_write\"}"
            }
            Self::Database => {
                "see whether the database is a standby, or has default_transaction_read_only on; this ends by itself once it accepts writes"
            }
        }
    }
}

/// The reason for which the disk or the file of a database cannot be used.
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
    /// Returns what an operator should do about it.
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

    /// Returns the error of an action that is not permitted. The text says what is missing.
    pub fn forbidden(detail: impl Into<Cow<'static, str>>) -> Self {
        Self::Forbidden(detail.into())
    }

    pub fn conflict(detail: &'static str) -> Self {
        Self::Conflict {
            detail,
            refusals: Vec::new(),
        }
    }

    /// Returns a conflict that the client can resolve by changing this field.
    pub fn conflict_at(at: impl Into<String>, code: Code, detail: &'static str) -> Self {
        Self::Conflict {
            detail,
            refusals: vec![Refusal::new(at, code, detail)],
        }
    }

    /// Returns what the caller can fix, or `None` if the caller can fix nothing.
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

    /// Prepends a pointer to the pointers of the refused fields.
    #[must_use]
    pub fn with_pointer_prefix(mut self, prefix: &str) -> Self {
        if let Self::Invalid(refusals) | Self::Conflict { refusals, .. } = &mut self {
            for refusal in refusals {
                refusal.at.insert_str(0, prefix);
            }
        }
        self
    }

    /// Returns true if this is a conflict about the field at `pointer`.
    pub fn is_at(&self, pointer: &str) -> bool {
        let Self::Conflict { refusals, .. } = self else {
            return false;
        };
        refusals.iter().any(|refusal| refusal.at == pointer)
    }

    /// Returns true if the caller can fix the request.
    pub fn is_refusal(&self) -> bool {
        self.refusals().is_some()
    }

    /// Wraps a failure of a library that should be impossible.
    pub fn internal(cause: impl Into<Box<dyn std::error::Error + Send + Sync>>) -> Self {
        Self::Internal(cause.into())
    }

    /// Returns the error of a state that should be impossible.
    pub fn bug(what: impl Into<String>) -> Self {
        Self::internal(what.into())
    }
}
