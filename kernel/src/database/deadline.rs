//! How long work may take: one deadline for a whole request, counted from its arrival.
use std::time::Duration;

use tokio::time::Instant;

use super::Settings;

/// How long a piece of work may take in all; each kind is a key of `[database]`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Limit {
    /// `database.read_timeout`, for a request that only reads.
    Read,
    /// `database.write_timeout`, for a request that may write.
    #[default]
    Write,
    /// `database.long_timeout`, for a cascade, a restore or a purge.
    Long,
}

/// When work must be done. A request has one deadline; a job, a command, an export or an import has a new one for each
/// statement and each transaction.
#[derive(Debug, Clone, Copy)]
pub struct Deadline {
    limit: Limit,
    arrival: Option<Instant>,
    limits: Limits,
}

impl Deadline {
    /// Each statement and each transaction may take as long as a write.
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

    /// All of the work may take this long, counted from `arrival`.
    #[must_use]
    pub(crate) fn of_request(self, arrival: Instant, limit: Limit) -> Self {
        Self {
            limit,
            arrival: Some(arrival),
            ..self
        }
    }

    /// Each statement and each transaction gets the time of `limit` anew.
    #[must_use]
    pub(crate) fn of_each(self, limit: Limit) -> Self {
        Self {
            limit,
            arrival: None,
            ..self
        }
    }

    /// The same arrival with another limit.
    #[must_use]
    pub(crate) fn limited_by(self, limit: Limit) -> Self {
        Self { limit, ..self }
    }

    /// The same for one piece of work that begins now, whose parts have one deadline together.
    #[must_use]
    pub(crate) fn started(self) -> Self {
        let arrival = self.arrival.or_else(|| Some(Instant::now()));
        Self { arrival, ..self }
    }

    /// The kind of the limit.
    pub fn limit(&self) -> Limit {
        self.limit
    }

    /// The moment at which work that begins now must be done.
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

/// The cause of a [`sea_orm::DbErr`] where work was given up at its own deadline.
#[derive(Debug, thiserror::Error)]
#[error("the work did not end within its deadline")]
pub(crate) struct Overrun;
