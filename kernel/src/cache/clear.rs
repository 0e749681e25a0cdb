//! Removes everything that nodes have stored in Redis, after the database was replaced.
use redis::Client;
use secrecy::{ExposeSecret, SecretString};

use crate::{Error, Result};

/// The beginning of all keys of this program. Other programs may use the same Redis.
const OURS: &str = "atoll:*";
/// The keys that Redis examines at a time.
const BATCH: u32 = 1_000;

/// Removes all keys of this program, and returns their number.
pub async fn clear_redis(url: &SecretString) -> Result<u64> {
    // The error may quote the URL, which may hold a password.
    let client =
        Client::open(url.expose_secret()).map_err(|_| Error::internal("redis.url is invalid"))?;
    let connection = client.get_multiplexed_async_connection().await;
    let mut connection = connection.map_err(Error::internal)?;
    let (mut cursor, mut removed) = (0_u64, 0);
    loop {
        let (next, keys): (u64, Vec<String>) = redis::cmd("SCAN")
            .arg(cursor)
            .arg("MATCH")
            .arg(OURS)
            .arg("COUNT")
            .arg(BATCH)
            .query_async(&mut connection)
            .await
            .map_err(Error::internal)?;
        if !keys.is_empty() {
            let mut unlink = redis::cmd("UNLINK");
            let unlinked = unlink.arg(&keys).query_async(&mut connection).await;
            let unlinked: u64 = unlinked.map_err(Error::internal)?;
            removed += unlinked;
        }
        if next == 0 {
            return Ok(removed);
        }
        cursor = next;
    }
}
