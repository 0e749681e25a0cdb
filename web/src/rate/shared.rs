//! Counts requests in Redis, for all nodes together. If Redis does not respond at once it is not used, so that no request is
//! delayed.
use std::{
    io,
    sync::{Arc, PoisonError, RwLock},
    time::Duration,
};

use redis::{AsyncConnectionConfig, Client, Script, aio::MultiplexedConnection};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::Notify,
    time::{sleep, timeout},
};

use super::{Bucket, Counter, Quota, Verdict};

/// How long a request waits for Redis. After the first timeout no request waits until Redis is connected again.
const RESPONSE_TIMEOUT: Duration = Duration::from_millis(50);

/// How long a connection may take to open.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(2);

/// How long to wait before connecting again.
const RECONNECT_DELAY: Duration = Duration::from_secs(1);

/// GCRA in one atomic step, by the clock of Redis because those of the nodes may differ. Times are in microseconds, which a
/// double holds exactly; `string.format` is needed because Lua would round them in a string.
const TAKE: &str = r"
local time = redis.call('TIME')
local now = time[1] * 1000000 + time[2]
local interval, requests = tonumber(ARGV[1]), tonumber(ARGV[2])
local due = math.max(tonumber(redis.call('GET', KEYS[1]) or 0), now) + interval
local room = now + interval * requests - due
if room < 0 then
    return {0, math.ceil(-room)}
end
redis.call('SET', KEYS[1], string.format('%.0f', due), 'PX', math.ceil((due - now) / 1000))
return {1, math.floor(room / interval)}
";

pub struct Shared {
    link: Arc<Link>,
    script: Script,
}

/// The connection to Redis, while there is one that responds.
#[derive(Default)]
struct Link {
    connection: RwLock<Option<MultiplexedConnection>>,
    lost: Notify,
}

impl Shared {
    pub fn start(url: &SecretString) -> io::Result<Self> {
        // The error may quote the URL, which may hold a password.
        let client = Client::open(url.expose_secret())
            .map_err(|_| io::Error::other("redis.url is invalid"))?;
        let link = Arc::new(Link::default());
        actix_web::rt::spawn(stay_connected(client, link.clone()));
        Ok(Self {
            link,
            script: Script::new(TAKE),
        })
    }
}

impl Counter for Shared {
    async fn take(&self, bucket: Bucket, quota: Quota) -> Option<Verdict> {
        let mut connection = self.link.get()?;
        let interval = quota.interval().as_micros().max(1);
        let mut script = self.script.key(bucket.to_string());
        let script = script
            .arg(u64::try_from(interval).unwrap_or(u64::MAX))
            .arg(quota.requests.get());
        let answer = timeout(RESPONSE_TIMEOUT, script.invoke_async(&mut connection)).await;
        let Ok(Ok((is_allowed, number))) = answer else {
            self.link.disconnect();
            return None;
        };
        let _: (bool, u64) = (is_allowed, number);
        let (remaining, wait) = if is_allowed {
            (u32::try_from(number).unwrap_or(u32::MAX), None)
        } else {
            (0, Some(Duration::from_micros(number)))
        };
        Some(Verdict {
            policy: bucket.policy,
            quota,
            remaining,
            wait,
        })
    }
}

impl Link {
    fn get(&self) -> Option<MultiplexedConnection> {
        let connection = self.connection.read();
        connection.unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, connection: Option<MultiplexedConnection>) {
        let mut current = self
            .connection
            .write()
            .unwrap_or_else(PoisonError::into_inner);
        *current = connection;
    }

    /// Drops the connection, so that no request waits for it, and starts a new one.
    fn disconnect(&self) {
        self.set(None);
        self.lost.notify_one();
    }
}

async fn stay_connected(client: Client, link: Arc<Link>) {
    let config = AsyncConnectionConfig::new()
        .set_connection_timeout(Some(CONNECT_TIMEOUT))
        .set_response_timeout(Some(RESPONSE_TIMEOUT));
    let mut was_connected = true;
    loop {
        match client
            .get_multiplexed_async_connection_with_config(&config)
            .await
        {
            Ok(connection) => {
                tracing::info!("rate limits are counted in Redis");
                link.set(Some(connection));
                was_connected = true;
                link.lost.notified().await;
            }
            Err(error) => tracing::debug!(%error, "cannot connect to Redis"),
        }
        if was_connected {
            tracing::warn!("Redis is unavailable: rate limits are counted per node");
        }
        was_connected = false;
        sleep(RECONNECT_DELAY).await;
    }
}
