//! What one request reads from a replica and has written, and what it must see.
use std::{sync::Arc, time::Duration};

use tokio::time::Instant;

use super::{
    Database, LastWrite, Position, Reader, ReplicaState,
    reader::ReadPool,
    replicas::{Choice, Needs, Replicas},
};
use crate::{Result, secret::Secret};

/// The part of a [`Database`] that belongs to one request. It is empty without replicas.
#[derive(Debug, Clone, Default)]
pub(super) struct RequestState {
    /// The replica that the reads of a session use.
    pub near: Option<Near>,
    /// The last write that the caller knows of.
    needed: Option<Position>,
    user: Option<i64>,
    last_write: Option<Arc<LastWrite>>,
}

#[derive(Debug, Clone)]
pub(super) struct Near {
    pub reader: Reader,
    choice: Choice,
}

/// What a cached answer may rely on.
#[derive(Debug, Clone, Copy)]
pub(crate) struct View {
    /// The last write that an answer must include.
    pub needed: Option<Position>,
    /// The position that a new answer is known to include.
    pub position: Option<Position>,
    /// The moment before which everything that was committed is in a new answer; `None` if that is now, as on the primary.
    pub as_of: Option<Instant>,
}

/// How positions become tokens and tokens positions.
#[derive(Debug, Clone)]
pub struct Positions {
    key: Secret,
    lifetime: Duration,
    last_write: Arc<LastWrite>,
}

impl Positions {
    /// Returns the token of the last write of the request, if there was one.
    pub fn token(&self) -> Option<String> {
        Some(self.last_write.position()?.to_token(&self.key))
    }

    /// Reads a token that a client sent. An invalid one counts as none.
    pub fn read(&self, token: &str) -> Option<Position> {
        Position::from_token(token, &self.key, self.lifetime)
    }

    /// Returns how long a client should send a token.
    pub fn lifetime(&self) -> Duration {
        self.lifetime
    }
}

impl Database {
    /// Remembers the writes of a request, so that its answer can name the position of the last one. Without replicas it does
    /// nothing and returns `None`.
    pub async fn note_positions(&mut self) -> Result<Option<Positions>> {
        let Some(replicas) = &self.replicas else {
            return Ok(None);
        };
        let last_write = Arc::<LastWrite>::default();
        let positions = Positions {
            key: self.secret().await?.derive("write position"),
            lifetime: replicas.token_lifetime(),
            last_write: last_write.clone(),
        };
        self.request.last_write = Some(last_write);
        Ok(Some(positions))
    }

    /// Sets the user of a request: its writes count as theirs, whoever is the actor of a transaction.
    #[must_use]
    pub fn for_user(mut self, user: Option<i64>) -> Self {
        self.request.user = user;
        self
    }

    /// Lets the reads of a session use a replica that is close to the primary, and has the user's writes on this node and
    /// everything up to `needed`. Without such a replica they use the primary.
    #[must_use]
    pub fn near(mut self, needed: Option<Position>) -> Self {
        let (Some(replicas), ReadPool::Postgres(primary)) = (&self.replicas, &self.reader.pool)
        else {
            return self;
        };
        let needs = Needs {
            position: needed,
            user: self.request.user,
        };
        let choice = replicas.choose(needs, primary);
        self.request.needed = needed;
        self.request.near = choice.map(|choice| Near {
            reader: Reader {
                pool: ReadPool::Replica(choice.reads.clone()),
                ..self.reader.clone()
            },
            choice,
        });
        self
    }

    /// Returns the pool for the reads of a session: that of a replica if [`Self::near`] chose one.
    pub(crate) fn session_reader(&self) -> &Reader {
        match &self.request.near {
            Some(near) => &near.reader,
            None => &self.reader,
        }
    }

    /// Returns what a cached answer may rely on. It must be asked before the answer is read.
    pub(crate) fn view(&self) -> View {
        let needed = self.request.needed;
        match (&self.request.near, &self.replicas) {
            (Some(near), _) => View {
                needed,
                position: Some(near.choice.position),
                as_of: Some(near.choice.as_of),
            },
            (None, replicas) => View {
                needed,
                position: replicas.as_ref().and_then(Replicas::primary_position),
                as_of: None,
            },
        }
    }

    /// Returns true if commits must tell their position.
    pub(crate) fn locates_commits(&self) -> bool {
        self.replicas.is_some()
    }

    /// Notes that a transaction of `user` has committed, or may have.
    pub(crate) fn note_commit(&self, position: Option<Position>, user: Option<i64>) {
        let Some(replicas) = &self.replicas else {
            return;
        };
        replicas.note_write(user);
        replicas.note_write(self.request.user.filter(|known| Some(*known) != user));
        if let (Some(position), Some(last)) = (position, &self.request.last_write) {
            last.note(position);
        }
    }

    pub fn has_replicas(&self) -> bool {
        self.replicas.is_some()
    }

    /// Returns the state of each replica. It waits for `limit` at most until they are known to follow the primary.
    pub async fn replica_states(&self, limit: Duration) -> Vec<ReplicaState> {
        match &self.replicas {
            Some(replicas) => replicas.settled_states(limit).await,
            None => Vec::new(),
        }
    }
}
