//! The one writer of a SQLite database: who writes, whether its connection may be used again, and whether writing works.
use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use sea_orm::{
    ConnectionTrait, DatabaseConnection, DatabaseTransaction, DbBackend, DbErr, Statement,
    TransactionTrait,
};
use sqlx::sqlite::SqliteConnectOptions;
use tokio::{
    sync::{OwnedSemaphorePermit, Semaphore},
    time::{Instant, timeout, timeout_at},
};

use super::{
    classify::storage,
    immediate,
    sqlite::{Found, folder, quick_check},
};
use crate::{Error, Result, error::Storage};

/// A probe writes at most so often: while writing works, and while the last write failed.
const IDLE: Duration = Duration::from_secs(10);
const FAILING: Duration = Duration::from_secs(1);

/// How long a probe is waited for.
const PATIENCE: Duration = Duration::from_millis(500);

/// Bytes that must fit on the disk before it counts as having room again. A page alone may fit where a failed commit has
/// made the write-ahead log longer.
const ROOM: usize = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Writer {
    /// The file; none in memory, where there is nothing to probe and to check.
    file: Option<SqliteConnectOptions>,
    acquire_timeout: Duration,
    place: Arc<Semaphore>,
    /// Whether the next connection that the pool looks at is closed.
    retires: Arc<AtomicBool>,
    state: Mutex<State>,
}

#[derive(Debug, Default)]
struct State {
    /// Why the last write failed, until a probe succeeds.
    failure: Option<Storage>,
    probed: Option<Instant>,
    is_probing: bool,
    /// Whether the file is known to be damaged, which only another file can change.
    is_damaged: bool,
}

impl Writer {
    pub(super) fn new(
        file: Option<SqliteConnectOptions>,
        acquire_timeout: Duration,
        retires: &Arc<AtomicBool>,
    ) -> Self {
        Self {
            file,
            acquire_timeout,
            place: Arc::new(Semaphore::new(1)),
            retires: retires.clone(),
            state: Mutex::default(),
        }
    }

    /// Waits until nobody else writes.
    pub(super) async fn enter(self: &Arc<Self>, deadline: Instant) -> Result<WritePermit> {
        let deadline = deadline.min(Instant::now() + self.acquire_timeout);
        let place = timeout_at(deadline, self.place.clone().acquire_owned()).await;
        match place {
            Ok(Ok(place)) => Ok(self.permit(place)),
            _ => Err(Error::Unavailable("the database", None)),
        }
    }

    fn permit(self: &Arc<Self>, place: OwnedSemaphorePermit) -> WritePermit {
        WritePermit {
            writer: self.clone(),
            _place: place,
        }
    }

    /// Whether a write can be expected to succeed; else why not.
    ///
    /// It is the outcome of the last write, and of a probe that writes a page of the file: every ten seconds, and each
    /// second while the last write has failed.
    pub(super) async fn check(self: &Arc<Self>, write: &DatabaseConnection) -> Result<(), Storage> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let Some(permit) = self.due() else {
            return self.known();
        };
        let (writer, write, folder) = (self.clone(), write.clone(), folder(file));
        let probe = tokio::spawn(async move {
            let probed = writer.probe(&folder, &write, &permit).await;
            writer.learn(probed);
        });
        match timeout(PATIENCE, probe).await {
            Ok(_) => self.known(),
            Err(_slow) => Err(Storage::Unusable),
        }
    }

    /// The permit to probe, if it is time to. A write that runs now is a better probe.
    fn due(self: &Arc<Self>) -> Option<WritePermit> {
        let mut state = self.state();
        let period = match state.failure {
            Some(_) => FAILING,
            None => IDLE,
        };
        let is_early = state.probed.is_some_and(|last| last.elapsed() < period);
        if is_early || state.is_probing {
            return None;
        }
        let place = self.place.clone().try_acquire_owned().ok()?;
        state.probed = Some(Instant::now());
        state.is_probing = true;
        Some(self.permit(place))
    }

    fn known(&self) -> Result<(), Storage> {
        let state = self.state();
        let is_stuck = |last: Instant| state.is_probing && last.elapsed() > PATIENCE;
        match state.failure {
            Some(failure) => Err(failure),
            None if state.probed.is_some_and(is_stuck) => Err(Storage::Unusable),
            None => Ok(()),
        }
    }

    async fn probe(
        &self,
        folder: &Path,
        write: &DatabaseConnection,
        permit: &WritePermit,
    ) -> Result<(), Error> {
        if self.state().failure.is_some() {
            let folder = folder.to_owned();
            let room = tokio::task::spawn_blocking(move || has_room(&folder));
            if let Err(error) = room.await.map_err(Error::internal)? {
                let full = matches!(
                    error.kind(),
                    io::ErrorKind::StorageFull
                        | io::ErrorKind::QuotaExceeded
                        | io::ErrorKind::FileTooLarge
                );
                let storage = if full {
                    Storage::Full
                } else {
                    Storage::Unusable
                };
                return Err(Error::Storage(storage, DbErr::Custom(error.to_string())));
            }
        }
        let tx = write.begin_with_options(immediate()).await?;
        write_a_page(&tx).await?;
        if let Err(error) = tx.commit().await {
            permit.retire();
            return Err(error.into());
        }
        Ok(())
    }

    /// Reads the file and reports damage, for `limit` at most; not at all where that is zero.
    pub(super) async fn check_file(&self, limit: Duration) {
        let Some(file) = self.file.as_ref().filter(|_| !limit.is_zero()) else {
            return;
        };
        match quick_check(file, limit).await {
            Ok(Found::Nothing) => tracing::debug!("the database file is intact"),
            Ok(Found::TooLate) => tracing::info!(
                ?limit,
                "the check of the database file ran out of time; `database.check` sets the limit"
            ),
            Ok(Found::Damage(lines)) => {
                let (damage, advice) = (lines.join("; "), Storage::Damaged.advice());
                tracing::error!(damage, advice, "the database file is damaged");
                self.state().is_damaged = true;
            }
            Err(error) => tracing::warn!(%error, "the database file could not be checked"),
        }
    }

    /// Remembers an error that says that the file is damaged.
    pub(super) fn note_damage(&self, error: &DbErr) {
        if storage(error) == Some(Storage::Damaged) {
            self.state().is_damaged = true;
        }
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.state().is_damaged
    }

    fn learn(&self, probed: Result<(), Error>) {
        let mut state = self.state();
        state.is_probing = false;
        match probed {
            Ok(()) if state.failure.take().is_some() => {
                tracing::info!("the database is writable again");
            }
            // Another process writes, or a bug is in the way: neither says anything of the disk.
            Ok(()) | Err(Error::Contended(_) | Error::Internal(_)) => {}
            Err(error) => {
                let failure = match &error {
                    Error::Storage(failure, _) => *failure,
                    _ => Storage::Unusable,
                };
                tracing::error!(%error, advice = failure.advice(), "the database is not writable");
                state.failure = Some(failure);
            }
        }
    }

    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The right to be the one who writes. It ends when this is dropped, after the transaction has ended.
#[derive(Debug)]
pub(crate) struct WritePermit {
    writer: Arc<Writer>,
    _place: OwnedSemaphorePermit,
}

impl WritePermit {
    /// The connection of this permit is not used again: a COMMIT, ROLLBACK or RELEASE failed on it.
    pub(crate) fn retire(&self) {
        self.writer.retires.store(true, SeqCst);
    }

    /// Remembers an error that says that the file cannot be written.
    pub(crate) fn note(&self, error: &DbErr) {
        if let Some(failure) = storage(error) {
            self.writer.state().failure = Some(failure);
            self.writer.note_damage(error);
        }
    }
}

/// Replaces the number that SQLite keeps for applications by itself: the first page of the file is written and synced,
/// and nothing changes.
async fn write_a_page(tx: &DatabaseTransaction) -> Result<()> {
    let read = Statement::from_string(DbBackend::Sqlite, "PRAGMA user_version");
    let row = tx.query_one_raw(read).await?;
    let row = row.ok_or_else(|| Error::bug("a file has a user_version"))?;
    let number: i32 = row.try_get_by_index(0)?;
    tx.execute_unprepared(&format!("PRAGMA user_version = {number}"))
        .await?;
    Ok(())
}

fn has_room(folder: &Path) -> io::Result<()> {
    use std::io::Write;
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(&vec![0; ROOM])?;
    file.sync_data()
}
