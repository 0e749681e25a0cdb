//! The reads of one request that go to a replica. What fails there is read on the primary.
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use prometheus_client::metrics::counter::Counter;
use sea_orm::{DbErr, QueryResult, Statement};

use super::{
    super::{
        classify::classify,
        postgres::{Lane, Postgres},
    },
    watched::Watched,
};
use crate::{Deadline, Error};

pub(in super::super) struct Routed {
    pub(super) replica: Postgres,
    pub(super) primary: Postgres,
    pub(super) watched: Arc<Watched>,
    /// The epoch in which the replica was chosen.
    pub(super) epoch: u64,
    /// Whether a read has failed on the replica, so that all others of the request use the primary.
    pub(super) has_moved: AtomicBool,
    pub(super) fallbacks: Counter,
}

impl std::fmt::Debug for Routed {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Routed")
    }
}

impl Routed {
    /// Returns the pool of the primary.
    pub fn primary(&self) -> &Postgres {
        &self.primary
    }

    pub async fn find(
        &self,
        statement: Statement,
        deadline: Deadline,
        lane: Lane,
    ) -> Result<Option<QueryResult>, DbErr> {
        let deadline = deadline.started();
        if let Some(replica) = self.replica() {
            let found = replica
                .find(statement.clone(), deadline, Lane::Ordinary)
                .await;
            if let Some(done) = self.settle(found) {
                return done;
            }
        }
        self.primary.find(statement, deadline, lane).await
    }

    pub async fn query_one(
        &self,
        statement: &Statement,
        deadline: Deadline,
        lane: Lane,
    ) -> Result<Option<QueryResult>, DbErr> {
        let deadline = deadline.started();
        if let Some(replica) = self.replica() {
            let found = replica.query_one(statement, deadline, Lane::Ordinary).await;
            if let Some(done) = self.settle(found) {
                return done;
            }
        }
        self.primary.query_one(statement, deadline, lane).await
    }

    pub async fn query_all(
        &self,
        statement: &Statement,
        deadline: Deadline,
        lane: Lane,
    ) -> Result<Vec<QueryResult>, DbErr> {
        let deadline = deadline.started();
        if let Some(replica) = self.replica() {
            let found = replica.query_all(statement, deadline, Lane::Ordinary).await;
            if let Some(done) = self.settle(found) {
                return done;
            }
        }
        self.primary.query_all(statement, deadline, lane).await
    }

    fn replica(&self) -> Option<&Postgres> {
        (!self.has_moved.load(Relaxed)).then_some(&self.replica)
    }

    /// Decides whether the result of a read on the replica counts. If not, the read runs once more on the primary, and so do all later
    /// ones of the request.
    ///
    /// Only a timeout counts as it is, because it leaves no time. Everything else may be due to the replica: it died, it
    /// cancelled the read in favour of its replay, or it lacks a column that the primary already has.
    fn settle<T>(&self, found: Result<T, DbErr>) -> Option<Result<T, DbErr>> {
        let error = match found {
            // In a later epoch the server may be another one, or have less of the log.
            Ok(found) if self.watched.epoch() == self.epoch => return Some(Ok(found)),
            Ok(_) => None,
            Err(error) => Some(error),
        };
        if let Some(error) = error {
            match classify(error.clone()) {
                Error::QueryTimeout(_) => return Some(Err(error)),
                Error::Unavailable(..) if !matches!(error, DbErr::ConnectionAcquire(_)) => {
                    self.watched.suspect(self.epoch);
                }
                _ => {}
            }
            tracing::debug!(%error, "a read failed on a replica and runs on the primary");
        }
        self.has_moved.store(true, Relaxed);
        self.fallbacks.inc();
        None
    }
}
