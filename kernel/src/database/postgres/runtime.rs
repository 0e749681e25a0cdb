//! The runtime of the sockets of the pool.
use std::{io, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// A runtime on a thread of its own, which ends when this is dropped.
///
/// A socket works as long as the runtime that opened it. The runtimes of the HTTP workers end before the process does, and
/// jobs and commands that still run then use the same connections.
pub(in super::super) struct DatabaseRuntime {
    pub handle: Handle,
    _keeps_running: oneshot::Sender<()>,
}

impl DatabaseRuntime {
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (sender, end) = oneshot::channel::<()>();
        let run = move || {
            // An error means that the sender was dropped, which ends the runtime too.
            let _ = runtime.block_on(end);
        };
        thread::Builder::new()
            .name("database".to_owned())
            .spawn(run)?;
        Ok(Self {
            handle,
            _keeps_running: sender,
        })
    }
}
