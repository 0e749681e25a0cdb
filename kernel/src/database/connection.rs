//! Ends the reads of a request when its caller has disconnected.
use tokio::sync::watch;

tokio::task_local! {
    static CONNECTION: Connection;
}

/// Tells whether the caller of a request is still connected.
#[derive(Debug, Clone)]
pub struct Connection(watch::Receiver<()>);

/// The caller counts as connected until this is dropped.
#[derive(Debug)]
pub struct Presence {
    _sender: watch::Sender<()>,
}

impl Connection {
    pub fn new() -> (Presence, Self) {
        let (sender, receiver) = watch::channel(());
        (Presence { _sender: sender }, Self(receiver))
    }

    /// Runs the work of a request. Its reads outside of transactions end when the caller disconnects; writes go on.
    pub async fn run<T>(self, work: impl Future<Output = T>) -> T {
        CONNECTION.scope(self, work).await
    }
}

/// Returns when the caller of the current request has disconnected. Outside of a request it never returns.
pub(super) async fn disconnected() {
    if let Ok(Connection(mut presence)) = CONNECTION.try_with(Clone::clone) {
        while presence.changed().await.is_ok() {}
    } else {
        std::future::pending::<()>().await;
    }
}
