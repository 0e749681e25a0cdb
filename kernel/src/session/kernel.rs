//! The part of a session that all sessions of a process share.
use std::{
    any::{Any, TypeId, type_name},
    collections::{BTreeSet, HashMap},
    fmt,
    sync::{Arc, PoisonError, RwLock},
};

use tokio::time::Instant;

use super::{Session, quota::Quotas};
use crate::{Actor, Cache, Database, Limit, record};

/// The cached callers that a change of a row makes invalid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum CachedCallers {
    /// The caller whose user id is the id of the row.
    SameId,
    All,
}

/// The tables that turned out to need several statements for a new row.
#[derive(Clone, Debug, Default)]
pub(crate) struct StepByStep(Arc<RwLock<BTreeSet<&'static str>>>);

impl StepByStep {
    pub(crate) fn contains(&self, table: &str) -> bool {
        let tables = self.0.read().unwrap_or_else(PoisonError::into_inner);
        tables.contains(table)
    }

    pub(crate) fn add(&self, table: &'static str) {
        let mut tables = self.0.write().unwrap_or_else(PoisonError::into_inner);
        tables.insert(table);
    }
}

/// Holds the database, the resources, and the states of the application that hooks of resources need. It is cheap to clone.
#[derive(Clone)]
pub struct Kernel {
    pub database: Database,
    pub cache: Cache,
    pub audit: record::Settings,
    /// The tables whose changes make cached callers invalid.
    pub(super) cached_callers: Arc<HashMap<&'static str, CachedCallers>>,
    pub(crate) quotas: Quotas,
    pub(crate) step_by_step: StepByStep,
    states: Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Kernel {
    /// Makes a kernel without a registry; [`Kernel::start`] adds it.
    pub(crate) fn new(
        database: Database,
        (audit, kept_limit): (record::Settings, u64),
        cached_callers: HashMap<&'static str, CachedCallers>,
    ) -> Self {
        Self {
            database,
            cache: Cache::off(),
            cached_callers: Arc::new(cached_callers),
            quotas: Quotas::new(kept_limit, audit.daily_limit),
            audit,
            step_by_step: StepByStep::default(),
            states: Arc::default(),
        }
    }

    /// Uses this cache. Without one, nothing is cached.
    #[must_use]
    pub fn with_cache(self, cache: Cache) -> Self {
        Self { cache, ..self }
    }

    /// Adds a state of the application. Hooks of resources find it by its type.
    #[must_use]
    pub fn with<S: Any + Send + Sync>(mut self, state: S) -> Self {
        Arc::make_mut(&mut self.states).insert(TypeId::of::<S>(), Arc::new(state));
        self
    }

    /// Returns a state of the application by its type.
    ///
    /// # Panics
    ///
    /// If the application started without it.
    pub fn state<S: Any>(&self) -> &S {
        self.find_state().unwrap_or_else(|| {
            panic!(
                "the kernel was started without the state {}",
                type_name::<S>()
            )
        })
    }

    /// Returns a state of the application by its type, if the application started with it.
    pub fn find_state<S: Any>(&self) -> Option<&S> {
        let state = self.states.get(&TypeId::of::<S>());
        state.and_then(|state| state.downcast_ref())
    }

    /// Returns the same kernel for one of so many HTTP workers: see [`Database::for_worker`].
    #[must_use]
    pub fn for_worker(self, workers: usize) -> Self {
        Self {
            database: self.database.for_worker(workers),
            ..self
        }
    }

    /// Gives all work for one request one deadline, counted from its `arrival`.
    #[must_use]
    pub fn for_request(self, arrival: Instant, limit: Limit) -> Self {
        Self {
            database: self.database.for_request(arrival, limit),
            ..self
        }
    }

    /// Allows the use of the connections that are reserved for sign-in, `/auth/me` and readiness.
    #[must_use]
    pub fn reserved(self) -> Self {
        Self {
            database: self.database.reserved(),
            ..self
        }
    }

    pub fn session(&self, actor: Actor) -> Session {
        Session::new(self.clone(), actor)
    }
}

impl fmt::Debug for Kernel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Kernel")
            .field("database", &self.database)
            .finish_non_exhaustive()
    }
}
