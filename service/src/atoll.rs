//! The service as a value: what sessions share.
use std::sync::Arc;

use tokio::sync::OnceCell;

use crate::{
    Actor, Database, Session, audit, auth, mail::Mailer, password::Hasher, retention,
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
    pub mail: Mailer,
    pub(crate) auth_key: Arc<OnceCell<Secret>>,
}

impl Atoll {
    pub fn new(database: Database, settings: Settings) -> Self {
        Self {
            database,
            hasher: Hasher::start(),
            auth: settings.auth,
            audit: settings.audit,
            soft_delete: settings.soft_delete,
            mail: settings.mail,
            auth_key: Arc::default(),
        }
    }

    pub fn session(&self, actor: Actor) -> Session {
        Session::new(self.clone(), actor)
    }
}
