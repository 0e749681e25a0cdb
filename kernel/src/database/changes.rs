//! Who changed, as far as callers are concerned: heard by every node that shares the database, and known to be heard.
//!
//! What a node remembers of a user is of use only while [`Changes::is_heard`]: then no change that was committed half a second
//! ago is unknown to it.
use std::{
    array,
    sync::{
        Arc, Weak,
        atomic::{AtomicU64, Ordering::SeqCst},
    },
    time::Duration,
};

use sqlx::{
    Error,
    postgres::{PgConnectOptions, PgListener, PgPoolOptions},
};
use tokio::{
    runtime::Handle,
    time::{Instant, sleep, timeout},
};

/// Where changes are told.
const CHANNEL: &str = "atoll_changes";

/// How often a node asks itself through the database whether it hears, and how old the last answer may be.
const PERIOD: Duration = Duration::from_millis(150);
const FRESH: Duration = Duration::from_millis(500);

/// Users that are told by name; more are everybody. So a notification stays far below its 8,000 bytes.
const NAMED: usize = 100;

/// Users share places: a change of one makes those forgotten who share its place.
const PLACES: usize = 1_024;

/// Whose permissions, sessions or state changed.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Changed(Vec<i64>, bool);

impl Changed {
    pub fn user(&mut self, id: i64) {
        if !self.0.contains(&id) {
            self.0.push(id);
        }
        if self.0.len() > NAMED {
            self.everybody();
        }
    }

    pub fn everybody(&mut self) {
        *self = Self(Vec::new(), true);
    }

    pub fn is_nobody(&self) -> bool {
        self.0.is_empty() && !self.1
    }

    fn read(text: &str) -> Self {
        let ids: Option<Vec<i64>> = text.split(',').map(|id| id.parse().ok()).collect();
        match ids {
            Some(ids) => Self(ids, false),
            None => Self(Vec::new(), true),
        }
    }

    fn written(&self) -> String {
        match self.1 {
            true => "*".to_owned(),
            false => self
                .0
                .iter()
                .map(i64::to_string)
                .collect::<Vec<_>>()
                .join(","),
        }
    }
}

/// Cheap to clone. Changes are counted, and the last of each place is known by its number.
#[derive(Debug, Clone)]
pub struct Changes(Arc<State>);

#[derive(Debug)]
struct State {
    started: Instant,
    count: AtomicU64,
    everybody: AtomicU64,
    places: [AtomicU64; PLACES],
    /// When the question was asked that was answered last, in milliseconds since the start; 0 where none was.
    heard: AtomicU64,
}

impl Changes {
    /// Nothing is ever heard.
    pub(super) fn deaf() -> Self {
        Self(Arc::new(State {
            started: Instant::now(),
            count: AtomicU64::new(0),
            everybody: AtomicU64::new(0),
            places: array::from_fn(|_| AtomicU64::new(0)),
            heard: AtomicU64::new(0),
        }))
    }

    /// Listens on a connection of its own, which belongs to the runtime `home`, for as long as somebody has this.
    pub(super) fn of(home: &Handle, server: PgConnectOptions) -> Self {
        let changes = Self::deaf();
        home.spawn(listen(server, Arc::downgrade(&changes.0)));
        changes
    }

    /// How many changes there were. What is read after this is not older than they are.
    pub fn count(&self) -> u64 {
        self.0.count.load(SeqCst)
    }

    /// Whether a user is as when the count was `since`.
    pub fn is_unchanged(&self, user: i64, since: u64) -> bool {
        let last = self
            .place(user)
            .load(SeqCst)
            .max(self.0.everybody.load(SeqCst));
        last <= since
    }

    /// Whether every change is known that was committed half a second ago or before.
    pub fn is_heard(&self) -> bool {
        let now = milliseconds(self.0.started.elapsed());
        match self.0.heard.load(SeqCst) {
            0 => false,
            heard => now.saturating_sub(heard) < milliseconds(FRESH),
        }
    }

    /// On this node, at once.
    pub fn note(&self, changed: &Changed) {
        let number = self.0.count.fetch_add(1, SeqCst) + 1;
        if changed.1 {
            self.0.everybody.fetch_max(number, SeqCst);
        }
        for user in &changed.0 {
            self.place(*user).fetch_max(number, SeqCst);
        }
    }

    fn place(&self, user: i64) -> &AtomicU64 {
        let place = usize::try_from(user.unsigned_abs()).unwrap_or_default() % PLACES;
        &self.0.places[place]
    }

    fn hear(&self, at: Instant) {
        let at = milliseconds(at.saturating_duration_since(self.0.started));
        self.0.heard.store(at.max(1), SeqCst);
    }
}

/// What a transaction sends, to be heard once it is committed: channel and text.
pub fn notification(changed: &Changed) -> (&'static str, String) {
    (CHANNEL, changed.written())
}

async fn listen(server: PgConnectOptions, state: Weak<State>) {
    while state.strong_count() > 0 {
        if let Err(error) = hear_until_lost(&server, &state).await {
            tracing::debug!(%error, "notifications of changes do not arrive; every caller is looked up in the database until they do");
        }
        sleep(PERIOD).await;
    }
}

async fn hear_until_lost(server: &PgConnectOptions, state: &Weak<State>) -> Result<(), Error> {
    let pool = PgPoolOptions::new()
        .max_connections(1)
        .acquire_timeout(FRESH);
    let mut listener = PgListener::connect_with(&pool.connect_lazy_with(server.clone())).await?;
    listener.eager_reconnect(false);
    let own = format!("{CHANNEL}_{:016x}", rand::random::<u64>());
    let listening = listener.listen_all([CHANNEL, own.as_str()]);
    timeout(FRESH, listening).await.map_err(lost)??;
    // What was committed while nobody listened is not told again.
    let mut is_new = true;
    while let Some(changes) = state.upgrade().map(Changes) {
        if std::mem::take(&mut is_new) {
            let mut everybody = Changed::default();
            everybody.everybody();
            changes.note(&everybody);
        }
        let asked = Instant::now();
        let ask = sqlx::query("SELECT pg_notify($1, '')").bind(own.as_str());
        timeout(FRESH, ask.execute(&mut listener))
            .await
            .map_err(lost)??;
        timeout(FRESH, hear(&mut listener, &changes, Some(&own)))
            .await
            .map_err(lost)??;
        changes.hear(asked);
        match timeout(PERIOD, hear(&mut listener, &changes, None)).await {
            Ok(done) => done?,
            Err(_nothing_more) => {}
        }
    }
    Ok(())
}

/// Until there is a notification on the channel `last`.
async fn hear(
    listener: &mut PgListener,
    changes: &Changes,
    last: Option<&str>,
) -> Result<(), Error> {
    loop {
        let notification = listener.try_recv().await?.ok_or(Error::WorkerCrashed)?;
        if notification.channel() == CHANNEL {
            changes.note(&Changed::read(notification.payload()));
        }
        if Some(notification.channel()) == last {
            return Ok(());
        }
    }
}

fn lost(_: tokio::time::error::Elapsed) -> Error {
    Error::PoolTimedOut
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(users: &[i64]) -> Changed {
        let mut changed = Changed::default();
        for user in users {
            changed.user(*user);
        }
        changed
    }

    #[test]
    fn what_was_read_before_a_change_is_old_and_what_was_read_after_it_is_not() {
        let changes = Changes::deaf();
        let before = changes.count();

        changes.note(&of(&[7]));

        let after = changes.count();
        assert!(!changes.is_unchanged(7, before));
        assert!(changes.is_unchanged(7, after));
        assert!(changes.is_unchanged(8, before));
        let mut all = Changed::default();
        all.everybody();
        changes.note(&all);
        assert!(!changes.is_unchanged(8, after));
        assert!(!changes.is_heard());
    }

    #[test]
    fn what_is_told_is_understood() {
        let many = of(&(1..=101).collect::<Vec<_>>());
        for (changed, text) in [
            (of(&[3, 7, 3]), "3,7"),
            (many, "*"),
            (of(&[i64::MAX]), "9223372036854775807"),
        ] {
            assert_eq!(changed.written(), text);
            assert_eq!(Changed::read(text), changed);
        }
        assert!(of(&[]).is_nobody());
        assert_eq!(Changed::read("what?"), Changed::read("*"));
    }
}
