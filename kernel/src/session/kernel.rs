//! What every session of a process shares.
use std::{
    any::{Any, TypeId, type_name},
    collections::HashMap,
    fmt,
    sync::Arc,
};

use tokio::time::Instant;

use super::{Session, quota::Quotas};
use crate::{Actor, Database, Limit, Registry, record, registry::Table};

/// The database, the resources, and the states of the application that hooks of resources need. Cheap to clone.
#[derive(Clone)]
pub struct Kernel {
    pub database: Database,
    pub audit: record::Settings,
    pub registry: Arc<Registry>,
    pub(crate) quotas: Quotas,
    states: Arc<HashMap<TypeId, Arc<dyn Any + Send + Sync>>>,
}

impl Kernel {
    /// `kept_limit` bounds the bytes of answers that are stored under the idempotency keys of one user; 0 is no limit.
    pub fn new(
        database: Database,
        registry: Arc<Registry>,
        (audit, kept_limit): (record::Settings, u64),
    ) -> Self {
        Self {
            database,
            registry,
            quotas: Quotas::new(kept_limit, audit.daily_limit),
            audit,
            states: Arc::default(),
        }
    }

    /// A kernel with default settings for an application that has these tables and no state of its own. `tables` lists owners
    /// before what they own.
    pub fn for_tables(database: Database, tables: Vec<Table>) -> Self {
        let registry = Registry::new(tables, &[]);
        Self::new(database, registry.into(), (record::Settings::default(), 0))
    }

    /// Adds a state of the application, which hooks of resources find by its type.
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
        let state = self.states.get(&TypeId::of::<S>());
        let state = state.and_then(|state| state.downcast_ref());
        state.unwrap_or_else(|| panic!("the kernel was started without {}", type_name::<S>()))
    }

    /// Ends everything that is done for one request, which arrived at `arrival`, at one deadline.
    #[must_use]
    pub fn for_request(self, arrival: Instant, limit: Limit) -> Self {
        Self {
            database: self.database.for_request(arrival, limit),
            ..self
        }
    }

    /// Allows the use of the connections that are kept for sign-in, `/auth/me` and readiness.
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
