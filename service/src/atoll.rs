//! The service as a value: what sessions share.
use crate::{Actor, Database, Session, auth, password::Hasher};

/// Cheap to clone.
#[derive(Clone, Debug)]
pub struct Atoll {
    pub database: Database,
    pub hasher: Hasher,
    pub auth: auth::Settings,
}

impl Atoll {
    pub fn new(database: Database, auth: auth::Settings) -> Self {
        Self {
            database,
            hasher: Hasher::start(),
            auth,
        }
    }

    pub fn session(&self, actor: Actor) -> Session {
        Session::new(self.clone(), actor)
    }
}
