//! Tells every node that shares the database which users have changed, so that it drops what it has cached of them.
//!
//! A node may use what it has cached of a user only if [`ChangeFeed::catch_up`] says so: then it knows every change that was
//! committed half a second ago or earlier.
use std::{
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use sqlx::{
    Error,
    postgres::{PgListener, PgPoolOptions},
};
use tokio::{
    runtime::Handle,
    sync::Notify,
    time::{Instant, sleep, timeout},
};

use super::{postgres::Servers, sqlite::DataVersion};
use crate::cache::{Changes, Slot};

/// The PostgreSQL channel on which nodes announce changes.
const CHANNEL: &str = "atoll_changes";
/// The notification of another mode of all nodes. A node of an earlier release takes it for a change of all users.
const MODE: &str = "mode";

/// The pause between two notifications that a node sends to itself, to check that it receives them.
const PERIOD: Duration = Duration::from_millis(150);
/// The age at which a received notification no longer shows that the connection works.
const FRESH: Duration = Duration::from_millis(500);

/// The most users that a notification names; it says that all changed if there are more. So it stays far below the 8,000
/// bytes that PostgreSQL allows.
const MAX_NAMED: usize = 100;

/// The users whose permissions, sessions or state changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct ChangedUsers {
    ids: Vec<i64>,
    all: bool,
}

impl ChangedUsers {
    pub fn all() -> Self {
        Self {
            ids: Vec::new(),
            all: true,
        }
    }

    pub fn add(&mut self, id: i64) {
        if self.all || self.ids.contains(&id) {
            return;
        }
        self.ids.push(id);
        if self.ids.len() > MAX_NAMED {
            *self = Self::all();
        }
    }

    pub fn is_empty(&self) -> bool {
        self.ids.is_empty() && !self.all
    }

    fn parse(text: &str) -> Self {
        let ids: Option<Vec<i64>> = text.split(',').map(|id| id.parse().ok()).collect();
        ids.map_or_else(Self::all, |ids| Self { ids, all: false })
    }

    fn to_text(&self) -> String {
        if self.all {
            "*".to_owned()
        } else {
            let ids: Vec<_> = self.ids.iter().map(i64::to_string).collect();
            ids.join(",")
        }
    }
}

/// The changes of users that this node has learned of. It is cheap to clone.
#[derive(Debug, Clone)]
pub struct ChangeFeed(Arc<State>);

#[derive(Debug)]
struct State {
    started: Instant,
    changes: Changes,
    /// The time at which the last notification that came back was sent, in milliseconds since the start; 0 before the first.
    confirmed: AtomicU64,
    /// Tells on a SQLite file whether anything changed.
    data_version: Option<DataVersion>,
    mode_changed: Notify,
}

impl ChangeFeed {
    /// Makes a feed that receives nothing from other nodes and is never current.
    pub(super) fn disabled() -> Self {
        Self::of_file(None)
    }

    /// Closes the connection to a SQLite file.
    pub(super) async fn close(&self) {
        if let Some(data_version) = &self.0.data_version {
            data_version.close().await;
        }
    }

    /// Makes the feed of a SQLite file, which other processes can change too.
    pub(super) fn of_file(data_version: Option<DataVersion>) -> Self {
        Self(Arc::new(State {
            data_version,
            started: Instant::now(),
            changes: Changes::default(),
            confirmed: AtomicU64::new(0),
            mode_changed: Notify::new(),
        }))
    }

    /// Makes a feed that listens on its own connection, in a task of `runtime`, until its last clone is dropped.
    pub(super) fn start(runtime: &Handle, server: Servers) -> Self {
        let feed = Self::disabled();
        runtime.spawn(listen(server, Arc::downgrade(&feed.0)));
        feed
    }

    /// Returns the number of changes so far. Whatever is read after this call includes them.
    pub fn count(&self) -> u64 {
        self.0.changes.count()
    }

    /// Returns true if the user has not changed since the count was `since`.
    pub fn is_unchanged(&self, user: i64, since: u64) -> bool {
        self.0.changes.are_unchanged(&[Slot::of(&user)], since)
    }

    /// Returns true if this node knows every change that was committed half a second ago or earlier. On a SQLite file it learns
    /// of all changes before this call.
    pub async fn catch_up(&self) -> bool {
        match &self.0.data_version {
            Some(version) => {
                let changed = || self.apply(&ChangedUsers::all());
                version.check(changed).await.is_ok()
            }
            None => self.is_current(),
        }
    }

    /// Returns when another node may have switched the mode of all nodes. One task waits at a time.
    pub async fn mode_changed(&self) {
        self.0.mode_changed.notified().await;
    }

    /// Returns true if the notifications of other nodes arrive.
    fn is_current(&self) -> bool {
        let now = milliseconds(self.0.started.elapsed());
        match self.0.confirmed.load(SeqCst) {
            0 => false,
            confirmed => now.saturating_sub(confirmed) < milliseconds(FRESH),
        }
    }

    /// Applies a change on this node only.
    pub fn apply(&self, changed: &ChangedUsers) {
        if changed.all {
            self.0.changes.apply_to_all();
        } else {
            let slots: Vec<_> = changed.ids.iter().map(Slot::of).collect();
            self.0.changes.apply(&slots);
        }
    }

    fn confirm(&self, sent_at: Instant) {
        let sent_at = milliseconds(sent_at.saturating_duration_since(self.0.started));
        self.0.confirmed.store(sent_at.max(1), SeqCst);
    }
}

/// Returns the channel and the text of the notification that a transaction sends. PostgreSQL delivers it after the commit.
pub fn notification(changed: &ChangedUsers) -> (&'static str, String) {
    (CHANNEL, changed.to_text())
}

/// Does the same for the mode of all nodes.
pub fn notification_of_mode() -> (&'static str, &'static str) {
    (CHANNEL, MODE)
}

async fn listen(server: Servers, state: Weak<State>) {
    while state.strong_count() > 0 {
        if let Err(error) = receive_until_error(&server, &state).await {
            tracing::debug!(%error, "notifications of changes do not arrive; every caller is looked up in the database until they do");
        }
        sleep(PERIOD).await;
    }
}

async fn receive_until_error(server: &Servers, state: &Weak<State>) -> Result<(), Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(FRESH);
    let mut listener = PgListener::connect_with(&pool.connect_lazy_with(server.current())).await?;
    listener.eager_reconnect(false);
    let own = format!("{CHANNEL}_{:016x}", rand::random::<u64>());
    let listening = listener.listen_all([CHANNEL, own.as_str()]);
    timeout(FRESH, listening).await.map_err(timed_out)??;
    // PostgreSQL does not repeat what was committed before this connection listened.
    let mut is_new = true;
    while let Some(feed) = state.upgrade().map(ChangeFeed) {
        if std::mem::take(&mut is_new) {
            feed.apply(&ChangedUsers::all());
            feed.0.mode_changed.notify_one();
        }
        let sent_at = Instant::now();
        let send = sqlx::query("SELECT pg_notify($1, '')").bind(own.as_str());
        timeout(FRESH, send.execute(&mut listener))
            .await
            .map_err(timed_out)??;
        timeout(FRESH, receive(&mut listener, &feed, Some(&own)))
            .await
            .map_err(timed_out)??;
        feed.confirm(sent_at);
        match timeout(PERIOD, receive(&mut listener, &feed, None)).await {
            Ok(done) => done?,
            Err(_nothing_more) => {}
        }
    }
    Ok(())
}

/// Applies the changes that arrive, until there is a notification on the channel `last`.
async fn receive(
    listener: &mut PgListener,
    feed: &ChangeFeed,
    last: Option<&str>,
) -> Result<(), Error> {
    loop {
        let notification = listener.try_recv().await?.ok_or(Error::WorkerCrashed)?;
        if notification.channel() == CHANNEL && notification.payload() == MODE {
            feed.0.mode_changed.notify_one();
        } else if notification.channel() == CHANNEL {
            feed.apply(&ChangedUsers::parse(notification.payload()));
        }
        if Some(notification.channel()) == last {
            return Ok(());
        }
    }
}

fn timed_out(_: tokio::time::error::Elapsed) -> Error {
    Error::PoolTimedOut
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn changed(users: &[i64]) -> ChangedUsers {
        let mut changed = ChangedUsers::default();
        for user in users {
            changed.add(*user);
        }
        changed
    }

    #[test]
    fn what_was_read_before_a_change_is_old_and_what_was_read_after_it_is_not() {
        let feed = ChangeFeed::disabled();
        let before = feed.count();

        feed.apply(&changed(&[7]));

        let after = feed.count();
        assert!(!feed.is_unchanged(7, before));
        assert!(feed.is_unchanged(7, after));
        assert!(feed.is_unchanged(8, before));
        feed.apply(&ChangedUsers::all());
        assert!(!feed.is_unchanged(8, after));
        assert!(!feed.is_current());
    }

    #[test]
    fn a_notification_is_parsed_to_the_users_that_it_was_made_of() {
        let many = changed(&(1..=101).collect::<Vec<_>>());
        for (users, text) in [
            (changed(&[3, 7, 3]), "3,7"),
            (many, "*"),
            (changed(&[i64::MAX]), "9223372036854775807"),
        ] {
            assert_eq!(users.to_text(), text);
            assert_eq!(ChangedUsers::parse(text), users);
        }
        assert!(changed(&[]).is_empty());
        assert_eq!(ChangedUsers::parse("what?"), ChangedUsers::parse("*"));
    }
}
