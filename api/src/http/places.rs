//! How many long requests there may be at a time: one moves as many rows as a thousand short ones.
use std::{sync::Arc, time::Duration};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Problem;
use crate::settings::ServerSettings;

#[derive(Clone)]
pub struct Places {
    /// Of requests of any kind, which a stopping server waits for.
    all: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    patience: Duration,
}

/// Given back when it is dropped.
pub struct Place {
    _of_all: OwnedSemaphorePermit,
    _of_kind: OwnedSemaphorePermit,
}

impl Places {
    pub fn new(settings: &ServerSettings, all: Arc<Semaphore>) -> Self {
        Self {
            all,
            exports: Arc::new(Semaphore::new(settings.max_exports)),
            imports: Arc::new(Semaphore::new(settings.max_imports)),
            patience: settings.export_timeout,
        }
    }

    /// For an export, which goes on after its request was answered.
    pub fn export(&self) -> Result<Place, Problem> {
        let place = |places: &Arc<Semaphore>| places.clone().try_acquire_owned().ok();
        let place = place(&self.exports).and_then(|of_kind| {
            let of_all = place(&self.all)?;
            Some(Place {
                _of_all: of_all,
                _of_kind: of_kind,
            })
        });
        place.ok_or_else(|| Problem::unavailable("a place among the exports"))
    }

    /// For an import, whose request has a place among all as long as it lasts.
    pub fn import(&self) -> Result<OwnedSemaphorePermit, Problem> {
        let place = self.imports.clone().try_acquire_owned();
        place.map_err(|_| Problem::unavailable("a place among the imports"))
    }

    /// How long a client may take nothing of its export.
    pub fn patience(&self) -> Duration {
        self.patience
    }
}
