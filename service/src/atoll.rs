//! The service as a value: what sessions share.
use crate::{Actor, Database, Session, audit, auth, password::Hasher, retention};

/// How the service behaves, beside its database.
#[derive(Clone, Debug)]
pub struct Settings {
    pub auth: auth::Settings,
    pub audit: audit::Settings,
    pub soft_delete: retention::Settings,
}

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Atoll {
    pub database: Database,
    pub hasher: Hasher,
    pub auth: auth::Settings,
    pub audit: audit::Settings,
    pub soft_delete: retention::Settings,
}

impl Atoll {
    pub fn new(database: Database, settings: Settings) -> Self {
        Self {
            database,
            hasher: Hasher::start(),
            auth: settings.auth,
            audit: settings.audit,
            soft_delete: settings.soft_delete,
        }
    }

    pub fn session(&self, actor: Actor) -> Session {
        Session::new(self.clone(), actor)
    }
}
