//! What every session of a process shares.
use std::{any::Any, fmt, sync::Arc};

use tokio::time::Instant;

use crate::{Actor, Database, Limit, Registry, Session, audit, quota::Quotas, registry::Table};

/// The database, the resources, and the state of the application that hooks of resources need. Cheap to clone.
#[derive(Clone)]
pub struct Kernel {
    pub database: Database,
    pub audit: audit::Settings,
    pub registry: Arc<Registry>,
    pub(crate) quotas: Quotas,
    application: Arc<dyn Any + Send + Sync>,
}

impl Kernel {
    /// `kept_limit` bounds the bytes of answers that are stored under the idempotency keys of one user; 0 is no limit.
    /// Hooks of resources reach `application` through [`Kernel::application`].
    pub fn new(
        database: Database,
        registry: Arc<Registry>,
        (audit, kept_limit): (audit::Settings, u64),
        application: impl Any + Send + Sync,
    ) -> Self {
        Self {
            database,
            registry,
            quotas: Quotas::new(kept_limit, audit.daily_limit),
            audit,
            application: Arc::new(application),
        }
    }

    /// A kernel with default settings for an application that has these tables and no state of its own. `tables` lists owners
    /// before what they own.
    pub fn for_tables(database: Database, tables: Vec<Table>) -> Self {
        let registry = Registry::new(tables, &[]);
        Self::new(
            database,
            registry.into(),
            (audit::Settings::default(), 0),
            (),
        )
    }

    /// The state that the application gave to [`Kernel::new`].
    ///
    /// # Panics
    ///
    /// If the application gave a value of another type.
    #[expect(
        clippy::expect_used,
        reason = "an application has one type of state, and gives it when it starts"
    )]
    pub fn application<A: Any>(&self) -> &A {
        self.application
            .downcast_ref()
            .expect("the kernel holds the state of another application")
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
