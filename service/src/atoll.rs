//! The service as a value: what sessions share.
use std::sync::Arc;

use tokio::{
    sync::{OnceCell, Semaphore},
    time::Instant,
};

use crate::{
    Actor, Database, Limit, Session, audit,
    auth::{self, Callers},
    idempotency,
    mail::Mailer,
    password::{Hasher, QUEUE},
    quota::Quotas,
    retention,
    secret::Secret,
};

/// How the service behaves, beside its database.
#[derive(Clone, Debug)]
pub struct Settings {
    pub auth: auth::Settings,
    pub audit: audit::Settings,
    pub soft_delete: retention::Settings,
    pub mail: Mailer,
    pub idempotency: idempotency::Settings,
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Atoll {
    pub database: Database,
    pub hasher: Hasher,
    pub auth: auth::Settings,
    pub audit: audit::Settings,
    pub soft_delete: retention::Settings,
    pub(crate) callers: Callers,
    pub mail: Mailer,
    pub(crate) quotas: Quotas,
    pub(crate) auth_key: Arc<OnceCell<Secret>>,
    pub(crate) checksum_root: Arc<OnceCell<Secret>>,
    /// Attempts that are made at a time: no more are counted than passwords can be hashed.
    pub(crate) attempts: Arc<Semaphore>,
}

impl Atoll {
    pub fn new(database: Database, settings: Settings) -> Self {
        let changes = database.changes().clone();
        Self {
            callers: Callers::new(changes, settings.auth.cache_lifetime),
            quotas: Quotas::new(settings.idempotency.kept_limit, settings.audit.daily_limit),
            database,
            hasher: Hasher::start(&settings.auth),
            auth: settings.auth,
            audit: settings.audit,
            soft_delete: settings.soft_delete,
            mail: settings.mail,
            auth_key: Arc::default(),
            checksum_root: Arc::default(),
            attempts: Arc::new(Semaphore::new(QUEUE + 1)),
        }
    }

    /// The service for one request that arrived then: everything that it does ends at one deadline.
    #[must_use]
    pub fn for_request(self, arrival: Instant, limit: Limit) -> Self {
        Self {
            database: self.database.for_request(arrival, limit),
            ..self
        }
    }

    /// The service for work that may take the connections that are kept for sign-in, `/auth/me` and readiness.
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
