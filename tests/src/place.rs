//! Where the data of tests is stored, and its removal.
use std::{
    env,
    sync::{
        LazyLock,
        mpsc::{Receiver, SyncSender, sync_channel},
    },
    thread,
};

use rustix::fs::statvfs;
use sqlx::{AssertSqlSafe, Connection, Executor, PgConnection};
use tempfile::TempDir;

use crate::postgres;

/// The folder of Linux whose files are in memory.
const MEMORY: &str = "/dev/shm";

/// The free bytes that the tests need in memory: several times what a complete run uses at once.
const NEEDED: u64 = 4 << 30;

/// The most databases that wait for their removal.
const WAITING: usize = 16;

/// Returns a new folder, in memory if there is room for a complete run: making and removing files on a disk takes a third of a run.
pub fn folder() -> TempDir {
    static ROOM: LazyLock<bool> = LazyLock::new(|| {
        let free = statvfs(MEMORY).map_or(0, |memory| memory.f_bavail * memory.f_frsize);
        free >= NEEDED && tempfile::tempdir_in(MEMORY).is_ok()
    });
    let folder = if *ROOM {
        tempfile::tempdir_in(MEMORY)
    } else {
        tempfile::tempdir()
    };
    folder.unwrap()
}

/// The place of a fresh database, which is removed with it.
pub enum Place {
    Memory,
    Folder(TempDir),
    /// A database of the PostgreSQL server of the run.
    Clone(String),
}

impl Drop for Place {
    fn drop(&mut self) {
        if let Self::Clone(name) = self {
            remove(std::mem::take(name));
        }
    }
}

/// Removes a database of the server in the background.
fn remove(name: String) {
    static NAMES: LazyLock<SyncSender<String>> = LazyLock::new(|| {
        let (sender, names) = sync_channel(WAITING);
        thread::spawn(|| remove_all(names));
        sender
    });
    // The thread lives as long as this process.
    let _ = NAMES.send(name);
}

fn remove_all(names: Receiver<String>) {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()
        .unwrap();
    runtime.block_on(async {
        let server = env::var(postgres::SERVER).unwrap();
        let mut connection = PgConnection::connect(&server).await.unwrap();
        for name in names {
            let drop = format!("DROP DATABASE IF EXISTS {name} WITH (FORCE)");
            // The end of the run removes a database that a test made undroppable.
            let _ = connection.execute(AssertSqlSafe(drop)).await;
        }
    });
}
