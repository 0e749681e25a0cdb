//! Whether somebody still waits for the answer of a request: a read that nobody waits for is ended.
use tokio::sync::watch;

tokio::task_local! {
    static CALLER: Caller;
}

/// Whoever waits for what a request reads.
#[derive(Debug, Clone)]
pub struct Caller(watch::Receiver<()>);

/// Keeps a [`Caller`] there until it is dropped.
#[derive(Debug)]
pub struct Presence {
    _sender: watch::Sender<()>,
}

impl Caller {
    pub fn new() -> (Presence, Self) {
        let (sender, receiver) = watch::channel(());
        (Presence { _sender: sender }, Self(receiver))
    }

    /// Runs the work of a request. Its reads outside of transactions end when the caller is gone; writes go on.
    pub async fn run<T>(self, work: impl Future<Output = T>) -> T {
        CALLER.scope(self, work).await
    }
}

/// Ends when the caller of the current request is gone. Without one it never ends.
pub(super) async fn is_gone() {
    if let Ok(Caller(mut presence)) = CALLER.try_with(Clone::clone) {
        while presence.changed().await.is_ok() {}
    } else {
        std::future::pending::<()>().await;
    }
}
