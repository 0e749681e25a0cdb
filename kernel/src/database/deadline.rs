//! Bounds how long work may take. A request has one deadline, counted from its arrival.
use std::time::Duration;

use tokio::time::Instant;

use super::Settings;

/// A kind of time limit. Each is a key of `[database]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Limit {
    /// `database.read_timeout`, for requests that only read.
    Read,
    /// `database.write_timeout`, for requests that may write.
    #[default]
    Write,
    /// `database.long_timeout`, for cascades, restores and purges.
    Long,
}

/// The time at which work must be finished. A request has one deadline; a job, a command, an export or an import has a new
/// one for each statement and each transaction.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    limit: Limit,
    arrival: Option<Instant>,
    limits: Limits,
}

impl Deadline {
    /// Gives each statement and each transaction the time limit of a write.
    pub(crate) fn new(settings: &Settings) -> Self {
        Self {
            limit: Limit::default(),
            arrival: None,
            limits: Limits {
                read: settings.read_timeout,
                write: settings.write_timeout,
                long: settings.long_timeout,
            },
        }
    }

    /// Gives all of the work one deadline, counted from `arrival`.
    #[must_use]
    pub(crate) fn for_request(self, arrival: Instant, limit: Limit) -> Self {
        Self {
            limit,
            arrival: Some(arrival),
            ..self
        }
    }

    /// Gives each statement and each transaction a deadline of its own.
    #[must_use]
    pub(crate) fn per_batch(self) -> Self {
        Self {
            arrival: None,
            ..self
        }
    }

    /// Replaces the limit and keeps the arrival.
    #[must_use]
    pub(crate) fn with_limit(self, limit: Limit) -> Self {
        Self { limit, ..self }
    }

    /// Starts one piece of work now, whose statements share a deadline, unless the deadline is already that of a request.
    #[must_use]
    pub(crate) fn started(self) -> Self {
        let arrival = self.arrival.or_else(|| Some(Instant::now()));
        Self { arrival, ..self }
    }

    /// Returns the kind of the limit.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// Returns the moment at which work that begins now must be finished.
    pub fn instant(&self) -> Instant {
        let time = match self.limit {
            Limit::Read => self.limits.read,
            Limit::Write => self.limits.write,
            Limit::Long => self.limits.long,
        };
        self.arrival.unwrap_or_else(Instant::now) + time
    }
}

#[derive(Debug, Clone, Copy)]
struct Limits {
    read: Duration,
    write: Duration,
    long: Duration,
}

/// The cause of a [`sea_orm::DbErr`] when work was abandoned at its own deadline.
#[derive(Debug, thiserror::Error)]
#[error("the work did not end within its deadline")]
pub(crate) struct Overrun;
