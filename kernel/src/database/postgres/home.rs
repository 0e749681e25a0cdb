//! The runtime that the sockets of the pool belong to.
use std::{io, thread};

use tokio::{
    runtime::{Builder, Handle},
    sync::oneshot,
};

/// A runtime on a thread of its own, which ends when this is dropped.
///
/// A socket works for as long as the runtime that opened it. Those of the HTTP workers end before the process does, and what
/// still runs then (the end of the first run, jobs, commands) uses the same connections.
pub(in super::super) struct Home {
    pub handle: Handle,
    _ends_with_this: oneshot::Sender<()>,
}

impl Home {
    pub fn start() -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (sender, end) = oneshot::channel::<()>();
        let run = move || {
            // An error says that the sender is gone, which is the end.
            let _ = runtime.block_on(end);
        };
        thread::Builder::new()
            .name("database".to_owned())
            .spawn(run)?;
        Ok(Self {
            handle,
            _ends_with_this: sender,
        })
    }
}
