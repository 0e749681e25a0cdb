//! The service as a value: what sessions share.
use std::sync::Arc;

use tokio::sync::{OnceCell, Semaphore};

use crate::{
    Actor, Database, Session, audit,
    auth::{self, Callers},
    mail::Mailer,
    password::{Hasher, QUEUE},
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

    pub fn session(&self, actor: Actor) -> Session {
        Session::new(self.clone(), actor)
    }
}
