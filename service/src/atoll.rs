//! The application as a value: what sign-in and mail share, in every session.
use std::sync::Arc;

use tokio::sync::{OnceCell, Semaphore};

use crate::{
    auth::{self, Callers},
    mail::Mailer,
    password::{Hasher, QUEUE},
    resources::registry,
    retention,
};
use kernel::{Database, Kernel, Session, Tx, audit, idempotency, secret::Secret};

/// How the service behaves, beside its database.
#[derive(Clone, Debug)]
pub struct Settings {
    pub auth: auth::Settings,
    pub audit: audit::Settings,
    pub soft_delete: retention::Settings,
    pub mail: Mailer,
    pub idempotency: idempotency::Settings,
}

/// The state of the application beside its [`Kernel`].
#[derive(Debug)]
pub struct Atoll {
    pub hasher: Hasher,
    pub auth: auth::Settings,
    pub soft_delete: retention::Settings,
    pub(crate) callers: Callers,
    pub mail: Mailer,
    pub(crate) auth_key: OnceCell<Secret>,
    pub(crate) checksum_root: OnceCell<Secret>,
    /// Limits how many sign-ins are checked at a time to what the password hasher can queue.
    pub(crate) attempts: Arc<Semaphore>,
}

impl Atoll {
    /// Starts the application on a database.
    pub fn start(database: Database, settings: Settings) -> Kernel {
        let changes = database.changes().clone();
        let atoll = Self {
            callers: Callers::new(changes, settings.auth.cache_lifetime),
            hasher: Hasher::start(&settings.auth),
            auth: settings.auth,
            soft_delete: settings.soft_delete,
            mail: settings.mail,
            auth_key: OnceCell::new(),
            checksum_root: OnceCell::new(),
            attempts: Arc::new(Semaphore::new(QUEUE + 1)),
        };
        let stored = (settings.audit, settings.idempotency.kept_limit);
        Kernel::new(database, registry().clone(), stored, atoll)
    }
}

/// Access to the state of the application from wherever the kernel is at hand.
pub trait Application {
    fn atoll(&self) -> &Atoll;
}

impl Application for Kernel {
    fn atoll(&self) -> &Atoll {
        self.application()
    }
}

impl Application for Session {
    fn atoll(&self) -> &Atoll {
        self.kernel.application()
    }
}

impl Application for Tx {
    fn atoll(&self) -> &Atoll {
        self.kernel().application()
    }
}
