//! Ends a read of a SQLite file at its deadline, or when its future is dropped. SQLite has no such limit of its own, and
//! sqlx lets an abandoned statement run until it finds its next row.
use std::sync::{
    Arc,
    atomic::{AtomicBool, Ordering::Relaxed},
};

use sqlx::{Error, SqliteConnection, sqlite::SqlitePoolOptions};
use tokio::time::Instant;

/// The number of instructions that SQLite runs between two checks. It is small, because one instruction may compare a whole
/// text with a pattern.
const STEPS: i32 = 50;

tokio::task_local! {
    static READ: Arc<Read>;
}

/// A read that may still run.
#[derive(Debug)]
struct Read {
    deadline: Instant,
    is_abandoned: AtomicBool,
}

impl Read {
    fn goes_on(&self) -> bool {
        !self.is_abandoned.load(Relaxed) && Instant::now() < self.deadline
    }
}

/// Runs a read. SQLite ends its statements at `deadline`, and when this future is dropped.
pub(in crate::database) async fn read_until<T>(
    deadline: Instant,
    read: impl Future<Output = T>,
) -> T {
    let running = Running(Arc::new(Read {
        deadline,
        is_abandoned: AtomicBool::new(false),
    }));
    READ.scope(running.0.clone(), read).await
}

struct Running(Arc<Read>);

impl Drop for Running {
    fn drop(&mut self) {
        self.0.is_abandoned.store(true, Relaxed);
    }
}

/// Gives each connection the limit of the read that takes it.
pub(super) fn limit_reads(pool: SqlitePoolOptions) -> SqlitePoolOptions {
    pool.after_connect(|connection, _| Box::pin(set_limit(connection)))
        .before_acquire(|connection, _| {
            Box::pin(async move {
                set_limit(connection).await?;
                Ok(true)
            })
        })
}

/// Sets or removes the limit of a connection. The hooks run inside the future that takes the connection, so they see the
/// read of that future.
async fn set_limit(connection: &mut SqliteConnection) -> Result<(), Error> {
    let mut handle = connection.lock_handle().await?;
    if let Ok(read) = READ.try_with(Arc::clone) {
        handle.set_progress_handler(STEPS, move || read.goes_on());
    } else {
        handle.remove_progress_handler();
    }
    Ok(())
}
