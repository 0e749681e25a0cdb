//! How many long requests there may be at a time: one moves as many rows as a thousand short ones.
use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use service::{Reads, Session};

use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::Problem;
use crate::{
    load::{Counted, Counts},
    rate::Who,
    settings::ServerSettings,
};

/// One caller takes at most this part of the places, or one.
const PART_OF_EXPORTS: usize = 4;
const PART_OF_IMPORTS: usize = 2;

#[derive(Clone)]
pub struct Places {
    /// Of requests of any kind, which a stopping server waits for.
    all: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    exporters: Counts<Who>,
    importers: Counts<Who>,
    patience: Duration,
}

/// Given back when it is dropped.
pub struct Place {
    _among_all: Option<OwnedSemaphorePermit>,
    _of_kind: OwnedSemaphorePermit,
    _caller: Counted<Who>,
}

impl Places {
    pub fn new(settings: &ServerSettings, all: Arc<Semaphore>) -> Self {
        Self {
            all,
            exports: Arc::new(Semaphore::new(settings.max_exports)),
            imports: Arc::new(Semaphore::new(settings.max_imports)),
            exporters: Counts::new((settings.max_exports / PART_OF_EXPORTS).max(1)),
            importers: Counts::new((settings.max_imports / PART_OF_IMPORTS).max(1)),
            patience: settings.export_timeout,
        }
    }

    /// For an export, which goes on after its request was answered.
    pub fn export(&self, session: &Session) -> Result<Place, Problem> {
        let full = |_| Problem::unavailable("a place among the exports");
        let of_kind = self.exports.clone().try_acquire_owned().map_err(full)?;
        let of_all = self.all.clone().try_acquire_owned().map_err(full)?;
        let of_caller = self.exporters.take(caller(session));
        Ok(Place {
            _among_all: Some(of_all),
            _of_kind: of_kind,
            _caller: of_caller
                .ok_or_else(|| Problem::busy("too many exports of yours are being sent"))?,
        })
    }

    /// For an import, whose request has a place among all as long as it lasts.
    pub fn import(&self, session: &Session) -> Result<Place, Problem> {
        let full = |_| Problem::unavailable("a place among the imports");
        let of_kind = self.imports.clone().try_acquire_owned().map_err(full)?;
        let of_caller = self.importers.take(caller(session));
        Ok(Place {
            _among_all: None,
            _of_kind: of_kind,
            _caller: of_caller
                .ok_or_else(|| Problem::busy("too many imports of yours are at work"))?,
        })
    }

    /// How long a client may take nothing of its export.
    pub fn patience(&self) -> Duration {
        self.patience
    }
}

/// The user, or the address of a caller who is none.
fn caller(session: &Session) -> Who {
    let address = || {
        session
            .origin()
            .address
            .unwrap_or(Ipv4Addr::UNSPECIFIED.into())
    };
    let user = session.actor().user_id();
    user.map_or_else(|| Who::at(address()), Who::User)
}
