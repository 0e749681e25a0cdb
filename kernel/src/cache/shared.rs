//! The values of all nodes, in Redis. A node that Redis does not answer at once, or whose messages do not arrive, passes it by:
//! no caller waits for it, and none gets a value that may have been removed.
use std::{
    collections::HashSet,
    io,
    sync::{Arc, Mutex, MutexGuard, Once, PoisonError, Weak},
    time::Duration,
};

use futures_util::{Stream, StreamExt};
use redis::{
    AsyncConnectionConfig, Client, FromRedisValue, Msg, Pipeline, RedisResult, Script,
    aio::MultiplexedConnection,
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::Notify,
    time::{error::Elapsed, sleep, timeout},
};

use super::{Changes, Slot};

/// How long a caller waits for Redis. After the first timeout none waits until Redis is connected again.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(50);
/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);
/// How long to wait before connecting again.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// The channel on which nodes announce removed values.
const CHANNEL: &str = "atoll:cache:changes";
/// The message that everything was removed. A removed value is announced by `=` and its name.
const EVERYTHING: &str = "*";
/// The pause between two messages that a node sends to itself, to check that it receives them.
const PERIOD: Duration = Duration::from_millis(150);
/// How long such a message may take. After that the node passes Redis by.
const ROUND_TRIP: Duration = Duration::from_millis(500);

/// How long a load may store its value.
const LEASE: Duration = Duration::from_secs(10);
/// The largest value in Redis, in bytes.
const MAX_VALUE: usize = 1024 * 1024;
/// The most removals that wait for Redis. If there are more, everything is removed when it is back.
const MAX_MISSED: usize = 1_000;

/// Stores a value if no other change came after its lease.
const FILL: &str = r"
if redis.call('GET', KEYS[1]) == ARGV[1] then
    redis.call('SET', KEYS[1], ARGV[2], 'PX', ARGV[3])
    return 1
end
return 0
";

#[derive(Debug)]
pub struct Shared {
    client: Client,
    link: Arc<Link>,
    is_started: Once,
    fill: Script,
}

/// The right to store a value that is being loaded.
pub struct Lease(String);

/// The connection to Redis, while there is one that responds.
#[derive(Debug)]
struct Link {
    state: Mutex<State>,
    lost: Notify,
    changes: Changes,
}

#[derive(Debug, Default)]
struct State {
    connection: Option<MultiplexedConnection>,
    /// The values that were removed without an answer of Redis.
    missed: HashSet<Box<str>>,
    has_missed_more: bool,
}

impl Shared {
    /// Connects in the background as soon as a value is asked for. Fails on an invalid URL.
    pub fn new(url: &SecretString, changes: Changes) -> io::Result<Self> {
        // The error may quote the URL, which may hold a password.
        let client = Client::open(url.expose_secret())
            .map_err(|_| io::Error::other("redis.url is invalid"))?;
        let link = Arc::new(Link {
            state: Mutex::default(),
            lost: Notify::new(),
            changes,
        });
        Ok(Self {
            client,
            link,
            is_started: Once::new(),
            fill: Script::new(FILL),
        })
    }

    /// Returns true if this node learns of removed values, and Redis has learned of those that this node removed.
    pub fn is_current(&self) -> bool {
        self.is_started.call_once(|| {
            let (client, link) = (self.client.clone(), Arc::downgrade(&self.link));
            tokio::spawn(stay_connected(client, link));
        });
        let state = self.link.lock();
        state.connection.is_some() && state.missed.is_empty() && !state.has_missed_more
    }

    /// Returns a value and how long it is valid.
    pub async fn get(&self, name: &str) -> Option<(Vec<u8>, Duration)> {
        if !self.is_current() {
            return None;
        }
        let key = key(name);
        let both = redis::pipe().get(&key).pttl(&key).clone();
        let (stored, left): (Option<Vec<u8>>, i64) = self.ask(&both).await?;
        let json = stored?.strip_prefix(b"=")?.to_vec();
        Some((json, Duration::from_millis(u64::try_from(left).ok()?)))
    }

    /// Returns the right to store a value, unless another load has it.
    pub async fn lease(&self, name: &str) -> Option<Lease> {
        if !self.is_current() {
            return None;
        }
        let lease = format!("?{:032x}", rand::random::<u128>());
        let mut take = redis::cmd("SET");
        take.arg(key(name)).arg(&lease).arg("NX").arg("PX");
        take.arg(milliseconds(LEASE));
        let mut only = Pipeline::new();
        only.add_command(take);
        let (taken,): (Option<String>,) = self.ask(&only).await?;
        taken.map(|_| Lease(lease))
    }

    /// Stores a value that was loaded under a lease. Returns false if it was not stored.
    pub async fn fill(&self, name: &str, lease: Lease, json: &[u8], time: Duration) -> bool {
        if json.len() > MAX_VALUE {
            return false;
        }
        let Some(mut connection) = self.link.connection() else {
            return false;
        };
        let mut fill = self.fill.key(key(name));
        fill.arg(lease.0)
            .arg(stored(json))
            .arg(milliseconds(time).max(1));
        let done = timeout(RESPONSE_TIMEOUT, fill.invoke_async(&mut connection)).await;
        self.link.note(done).unwrap_or_default()
    }

    /// Stores a value in place of the one before, and tells all nodes. Returns false if it was not stored.
    pub async fn set(&self, name: &str, json: &[u8], time: Duration) -> bool {
        if json.len() > MAX_VALUE {
            self.delete(name).await;
            return false;
        }
        let mut set = redis::pipe();
        set.atomic();
        set.pset_ex(key(name), stored(json), milliseconds(time).max(1));
        set.ignore();
        self.change(name, set).await
    }

    /// Removes a value, and tells all nodes. While Redis is away, it is told when it is back.
    pub async fn delete(&self, name: &str) {
        let mut delete = redis::pipe();
        delete.atomic();
        delete.del(key(name)).ignore();
        self.change(name, delete).await;
    }

    async fn change(&self, name: &str, mut change: Pipeline) -> bool {
        // Also if this future is dropped, Redis does not keep the former value.
        let mut pending = Pending {
            link: &self.link,
            name,
            is_done: false,
        };
        change.publish(CHANNEL, format!("={name}")).ignore();
        pending.is_done = self.is_current() && self.ask::<()>(&change).await.is_some();
        pending.is_done
    }

    async fn ask<T: FromRedisValue>(&self, question: &Pipeline) -> Option<T> {
        let mut connection = self.link.connection()?;
        let asked = question.query_async(&mut connection);
        self.link.note(timeout(RESPONSE_TIMEOUT, asked).await)
    }
}

/// A change of a value that Redis has not confirmed.
struct Pending<'a> {
    link: &'a Link,
    name: &'a str,
    is_done: bool,
}

impl Drop for Pending<'_> {
    fn drop(&mut self) {
        if !self.is_done {
            self.link.lock().add_missed(self.name);
        }
    }
}

impl State {
    fn add_missed(&mut self, name: &str) {
        if self.missed.len() < MAX_MISSED {
            self.missed.insert(name.into());
        } else {
            self.has_missed_more = true;
        }
    }
}

impl Link {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn connection(&self) -> Option<MultiplexedConnection> {
        self.lock().connection.clone()
    }

    /// Drops the connection if it did not answer, so that no other caller waits for it, and starts a new one.
    fn note<T>(&self, done: Result<RedisResult<T>, Elapsed>) -> Option<T> {
        if let Ok(Ok(answer)) = done {
            return Some(answer);
        }
        self.lock().connection = None;
        self.lost.notify_one();
        None
    }

    fn apply(&self, message: &Msg) {
        let text: String = message.get_payload().unwrap_or_default();
        match text.strip_prefix('=') {
            Some(name) => self.changes.apply(&[Slot::of(name)]),
            None => self.changes.apply_to_all(),
        }
    }

    /// Removes what was to be removed while Redis did not answer.
    async fn catch_up(&self, connection: &mut MultiplexedConnection) -> RedisResult<()> {
        let (missed, has_more) = {
            let state = self.lock();
            (state.missed.clone(), state.has_missed_more)
        };
        let mut removal = redis::pipe();
        for name in &missed {
            removal.del(key(name)).ignore();
            removal.publish(CHANNEL, format!("={name}")).ignore();
        }
        if has_more {
            remove_all(connection).await?;
            removal.publish(CHANNEL, EVERYTHING).ignore();
        }
        if removal.cmd_iter().next().is_some() {
            removal.query_async::<()>(connection).await?;
        }
        let mut state = self.lock();
        state.missed.retain(|name| !missed.contains(name));
        state.has_missed_more &= !has_more;
        Ok(())
    }
}

/// Removes the values of all nodes.
async fn remove_all(connection: &mut MultiplexedConnection) -> RedisResult<()> {
    let mut cursor = 0_u64;
    loop {
        let mut scan = redis::cmd("SCAN");
        scan.arg(cursor).arg("MATCH").arg(key("*"));
        scan.arg("COUNT").arg(1_000);
        let (next, keys): (u64, Vec<String>) = scan.query_async(connection).await?;
        if !keys.is_empty() {
            redis::cmd("UNLINK")
                .arg(keys)
                .exec_async(connection)
                .await?;
        }
        cursor = next;
        if cursor == 0 {
            return Ok(());
        }
    }
}

async fn stay_connected(client: Client, link: Weak<Link>) {
    let mut was_connected = true;
    while let Some(strong) = link.upgrade() {
        let done = receive_until_error(&client, &strong, &mut was_connected).await;
        strong.lock().connection = None;
        drop(strong);
        if std::mem::take(&mut was_connected) {
            tracing::warn!("Redis is unavailable: cached values are loaded each time");
        }
        if let Err(error) = done {
            tracing::debug!(%error, "cannot use Redis for cached values");
        }
        sleep(RECONNECT_DELAY).await;
    }
}

async fn receive_until_error(
    client: &Client,
    link: &Arc<Link>,
    was_connected: &mut bool,
) -> Result<(), Failure> {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(ROUND_TRIP));
    let mut connection = client
        .get_multiplexed_async_connection_with_config(&config)
        .await?;
    let subscriber = timeout(CONNECT_TIMEOUT, client.get_async_pubsub()).await??;
    let (mut subscriptions, mut messages) = subscriber.split();
    let own = format!("atoll:cache:node:{:016x}", rand::random::<u64>());
    timeout(
        ROUND_TRIP,
        subscriptions.subscribe(&[CHANNEL, own.as_str()]),
    )
    .await??;
    // Redis does not repeat what it announced before.
    link.changes.apply_to_all();
    while Arc::strong_count(link) > 1 {
        timeout(CONNECT_TIMEOUT, link.catch_up(&mut connection)).await??;
        let mut send = redis::cmd("PUBLISH");
        send.arg(&own).arg("");
        send.exec_async(&mut connection).await?;
        timeout(ROUND_TRIP, receive(&mut messages, link, Some(&own))).await??;
        let is_new = link.lock().connection.replace(connection.clone()).is_none();
        if is_new {
            *was_connected = true;
            tracing::info!("cached values are shared in Redis");
        }
        tokio::select! {
            () = link.lost.notified() => return Err("a request was not answered".into()),
            done = timeout(PERIOD, receive(&mut messages, link, None)) => match done {
                Ok(done) => done?,
                Err(_nothing_more) => {}
            },
        }
    }
    Ok(())
}

type Failure = Box<dyn std::error::Error + Send + Sync>;

/// Applies the messages that arrive, until there is one on the channel `last`.
async fn receive(
    messages: &mut (impl Stream<Item = Msg> + Unpin),
    link: &Link,
    last: Option<&str>,
) -> Result<(), Failure> {
    loop {
        let message = messages.next().await.ok_or("the subscription ended")?;
        if Some(message.get_channel_name()) == last {
            return Ok(());
        }
        if message.get_channel_name() == CHANNEL {
            link.apply(&message);
        }
    }
}

fn key(name: &str) -> String {
    format!("atoll:cache:value:{name}")
}

/// A value begins with `=`, and a lease with `?`.
fn stored(json: &[u8]) -> Vec<u8> {
    [b"=", json].concat()
}

fn milliseconds(time: Duration) -> u64 {
    u64::try_from(time.as_millis()).unwrap_or(u64::MAX)
}
