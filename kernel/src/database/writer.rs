//! Lets one transaction at a time write to a SQLite database, and checks whether writes work.
use std::{
    io,
    path::Path,
    sync::{
        Arc, Mutex, MutexGuard, PoisonError,
        atomic::{AtomicBool, Ordering::SeqCst},
    },
    time::Duration,
};

use deadpool::Status;
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
    metrics::Waits,
    sqlite::{Found, folder, quick_check},
};
use crate::{Error, Result, error::Storage};

/// The least time between two probes while writes work.
const PERIOD: Duration = Duration::from_secs(10);
/// The least time between two probes after a write has failed.
const PERIOD_AFTER_FAILURE: Duration = Duration::from_secs(1);

/// How long the readiness check waits for a probe.
const PROBE_TIMEOUT: Duration = Duration::from_millis(500);

/// The bytes that must fit on the disk before it counts as having room again. A single page may fit into the write-ahead log
/// that a failed commit has made longer.
const MIN_ROOM: usize = 1024 * 1024;

#[derive(Debug)]
pub(super) struct Writer {
    /// The file; `None` for a database in memory, which needs no probes and checks.
    file: Option<SqliteConnectOptions>,
    acquire_timeout: Duration,
    waits: Waits,
    turn: Arc<Semaphore>,
    /// Whether the pool closes the next connection that it checks.
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
        (acquire_timeout, waits): (Duration, Waits),
        retires: &Arc<AtomicBool>,
    ) -> Self {
        Self {
            file,
            acquire_timeout,
            waits,
            turn: Arc::new(Semaphore::new(1)),
            retires: retires.clone(),
            state: Mutex::default(),
        }
    }

    /// Waits until no other transaction writes.
    pub(super) async fn acquire(self: &Arc<Self>, deadline: Instant) -> Result<WritePermit> {
        let began = Instant::now();
        let deadline = deadline.min(began + self.acquire_timeout);
        let turn = timeout_at(deadline, self.turn.clone().acquire_owned()).await;
        if let Ok(Ok(turn)) = turn {
            self.waits.end(began);
            Ok(self.permit(turn))
        } else {
            self.waits.time_out();
            Err(Error::Unavailable("the database", None))
        }
    }

    /// Returns the state of the writer as that of a pool with one connection.
    pub(super) fn status(&self) -> Status {
        Status {
            max_size: 1,
            size: 1,
            available: self.turn.available_permits(),
            waiting: 0,
        }
    }

    fn permit(self: &Arc<Self>, turn: OwnedSemaphorePermit) -> WritePermit {
        WritePermit {
            writer: self.clone(),
            _turn: turn,
        }
    }

    /// Fails with the reason if a write cannot be expected to succeed.
    ///
    /// This is known from the last write and from a probe, which writes a page of the file: every ten seconds, and every
    /// second after a write has failed.
    pub(super) async fn check(self: &Arc<Self>, write: &DatabaseConnection) -> Result<(), Storage> {
        let Some(file) = &self.file else {
            return Ok(());
        };
        let Some(permit) = self.try_begin_probe() else {
            return self.last_result();
        };
        let (writer, write, folder) = (self.clone(), write.clone(), folder(file));
        let probe = tokio::spawn(async move {
            let probed = writer.probe(&folder, &write, &permit).await;
            writer.finish_probe(probed);
        });
        match timeout(PROBE_TIMEOUT, probe).await {
            Ok(_) => self.last_result(),
            Err(_slow) => Err(Storage::Unusable),
        }
    }

    /// Returns a permit if a probe is due and no write runs, which would be a better probe.
    fn try_begin_probe(self: &Arc<Self>) -> Option<WritePermit> {
        let mut state = self.state();
        let period = match state.failure {
            Some(_) => PERIOD_AFTER_FAILURE,
            None => PERIOD,
        };
        let is_early = state.probed.is_some_and(|last| last.elapsed() < period);
        if is_early || state.is_probing {
            return None;
        }
        let turn = self.turn.clone().try_acquire_owned().ok()?;
        state.probed = Some(Instant::now());
        state.is_probing = true;
        Some(self.permit(turn))
    }

    fn last_result(&self) -> Result<(), Storage> {
        let state = self.state();
        let is_stuck = |last: Instant| state.is_probing && last.elapsed() > PROBE_TIMEOUT;
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

    /// Reads the file and reports damage, for at most `limit`. Zero disables the check.
    pub(super) async fn check_file(&self, limit: Duration) {
        let Some(file) = self.file.as_ref().filter(|_| !limit.is_zero()) else {
            return;
        };
        match quick_check(file, limit).await {
            Ok(Found::Nothing) => tracing::debug!("the database file is intact"),
            Ok(Found::TimedOut) => tracing::info!(
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

    /// Remembers that the file is damaged, if the error says so.
    pub(super) fn note_damage(&self, error: &DbErr) {
        if storage(error) == Some(Storage::Damaged) {
            self.state().is_damaged = true;
        }
    }

    pub(super) fn is_damaged(&self) -> bool {
        self.state().is_damaged
    }

    fn finish_probe(&self, probed: Result<(), Error>) {
        let mut state = self.state();
        state.is_probing = false;
        match probed {
            Ok(()) if state.failure.take().is_some() => {
                tracing::info!("the database is writable again");
            }
            // Another process writes, or the probe has a bug. Neither says anything about the disk.
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

/// Permits one transaction to write. It is dropped after the transaction has ended.
#[derive(Debug)]
pub(crate) struct WritePermit {
    writer: Arc<Writer>,
    _turn: OwnedSemaphorePermit,
}

impl WritePermit {
    /// Closes the connection of this permit after use, because a COMMIT, ROLLBACK or RELEASE failed on it.
    pub(crate) fn retire(&self) {
        self.writer.retires.store(true, SeqCst);
    }

    /// Remembers that the file cannot be written, if the error says so.
    pub(crate) fn note(&self, error: &DbErr) {
        if let Some(failure) = storage(error) {
            self.writer.state().failure = Some(failure);
            self.writer.note_damage(error);
        }
    }
}

/// Sets `user_version` to its current value: this writes and syncs the first page of the file, and changes nothing.
async fn write_a_page(tx: &DatabaseTransaction) -> Result<()> {
    let read = Statement::from_string(DbBackend::Sqlite, "PRAGMA user_version");
    let row = tx.query_one_raw(read).await?;
    let row = row.ok_or_else(|| Error::bug("reading user_version returned no row"))?;
    let number: i32 = row.try_get_by_index(0)?;
    tx.execute_unprepared(&format!("PRAGMA user_version = {number}"))
        .await?;
    Ok(())
}

fn has_room(folder: &Path) -> io::Result<()> {
    use std::io::Write;
    let mut file = tempfile::tempfile_in(folder)?;
    file.write_all(&vec![0; MIN_ROOM])?;
    file.sync_data()
}
