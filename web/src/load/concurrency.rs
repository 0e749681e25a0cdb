//! Limits on concurrent exports and imports, each of which moves as many rows as a thousand short requests.
use std::{net::Ipv4Addr, sync::Arc, time::Duration};

use kernel::{Reads, Session, metrics::Counters};
use tokio::sync::{OwnedSemaphorePermit, Semaphore};

use super::{Counted, Counts};
use crate::{problem::Problem, rate::CallerKey};

/// One caller may run a quarter of the concurrent exports and half of the imports, but at least one of each.
const EXPORT_SHARE: usize = 4;
const IMPORT_SHARE: usize = 2;

/// The permits of long requests.
#[derive(Clone)]
pub struct Concurrency {
    /// Permits of requests of every kind, which a stopping server waits for.
    all: Arc<Semaphore>,
    exports: Arc<Semaphore>,
    imports: Arc<Semaphore>,
    exporters: Counts<CallerKey>,
    importers: Counts<CallerKey>,
    export_timeout: Duration,
    refused: Counters,
}

/// The permit of one long request, released on drop.
pub struct LongPermit {
    _all: Option<OwnedSemaphorePermit>,
    _kind: OwnedSemaphorePermit,
    _caller: Counted<CallerKey>,
}

impl Concurrency {
    /// `exports` and `imports` are the most that run at once. `refused` counts the requests beyond.
    pub fn new(
        all: Arc<Semaphore>,
        (exports, imports): (usize, usize),
        export_timeout: Duration,
        refused: Counters,
    ) -> Self {
        Self {
            all,
            exports: Arc::new(Semaphore::new(exports)),
            imports: Arc::new(Semaphore::new(imports)),
            exporters: Counts::new((exports / EXPORT_SHARE).max(1)),
            importers: Counts::new((imports / IMPORT_SHARE).max(1)),
            export_timeout,
            refused,
        }
    }

    /// Takes a permit for an export. It also takes one of all requests, because it outlasts its own request.
    pub fn acquire_export(&self, session: &Session) -> Result<LongPermit, Problem> {
        let full = |_| {
            self.count_refused("server.max_exports");
            Problem::overloaded("too many exports are running")
        };
        let kind = self.exports.clone().try_acquire_owned().map_err(full)?;
        let all = self.all.clone().try_acquire_owned().map_err(full)?;
        let caller = self.exporters.take(caller(session));
        Ok(LongPermit {
            _all: Some(all),
            _kind: kind,
            _caller: caller.ok_or_else(|| {
                self.count_refused("server.max_exports");
                Problem::busy("you have too many exports running")
            })?,
        })
    }

    /// Takes a permit for an import, whose request keeps its own permit until the import ends.
    pub fn acquire_import(&self, session: &Session) -> Result<LongPermit, Problem> {
        let full = |_| {
            self.count_refused("server.max_imports");
            Problem::overloaded("too many imports are running")
        };
        let kind = self.imports.clone().try_acquire_owned().map_err(full)?;
        let caller = self.importers.take(caller(session));
        Ok(LongPermit {
            _all: None,
            _kind: kind,
            _caller: caller.ok_or_else(|| {
                self.count_refused("server.max_imports");
                Problem::busy("you have too many imports running")
            })?,
        })
    }

    fn count_refused(&self, limit: &'static str) {
        self.refused.get_or_create(&[("limit", limit)]).inc();
    }

    /// The number of exports that may still begin.
    pub fn free_exports(&self) -> usize {
        self.exports.available_permits()
    }

    /// The timeout for a client that stops reading its export.
    pub fn export_timeout(&self) -> Duration {
        self.export_timeout
    }
}

/// The user, or the address of an anonymous caller.
fn caller(session: &Session) -> CallerKey {
    let address = || {
        session
            .origin()
            .address
            .unwrap_or(Ipv4Addr::UNSPECIFIED.into())
    };
    let user = session.actor().user_id();
    user.map_or_else(|| CallerKey::for_address(address()), CallerKey::User)
}
