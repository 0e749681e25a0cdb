//! The time that nodes share, which is the database's: each node measures how far its own clock is from that.
use std::{
    sync::atomic::{AtomicI64, Ordering::Relaxed},
    time::Duration,
};

use chrono::{DateTime, SubsecRound, TimeDelta, Utc};
use sea_orm::prelude::DateTimeWithTimeZone;
use sqlx::{ConnectOptions, Connection, postgres::PgConnectOptions};
use tokio::{
    runtime::Handle,
    task::JoinHandle,
    time::{Instant, sleep, timeout},
};

/// The pause between two measurements, and the one after a measurement that failed.
const PERIOD: Duration = Duration::from_secs(30);
const RETRY: Duration = Duration::from_secs(1);

/// How long one measurement may take, connecting included.
const PATIENCE: Duration = Duration::from_secs(2);

/// A clock that is further from the database's than this is worth a warning.
const TOLERATED: TimeDelta = TimeDelta::seconds(30);

/// Microseconds that the database's clock is ahead of this machine's. SQLite has no other clock than the machine's.
///
/// It belongs to the process, as the time is asked for everywhere and a process serves one database.
static AHEAD: AtomicI64 = AtomicI64::new(0);

/// Microseconds that a test lets this machine's clock be wrong by.
static SHIFTED: AtomicI64 = AtomicI64::new(0);

/// The database's time: UTC in microseconds, the only form that SQLite's text timestamps sort in.
pub fn now() -> DateTimeWithTimeZone {
    (here() + ahead()).trunc_subsecs(6).fixed_offset()
}

/// Lets the clock of this machine be wrong, for tests of nodes whose clocks differ. No setting leads here.
pub fn shift(seconds: i32) {
    SHIFTED.store(i64::from(seconds) * 1_000_000, Relaxed);
}

fn here() -> DateTime<Utc> {
    Utc::now() + TimeDelta::microseconds(SHIFTED.load(Relaxed))
}

fn ahead() -> TimeDelta {
    TimeDelta::microseconds(AHEAD.load(Relaxed))
}

/// Measures the difference until it is dropped.
#[derive(Debug)]
pub struct Follower(JoinHandle<()>);

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Measures the difference once, and then every half minute, in a task of the runtime `runtime`.
pub async fn follow(runtime: &Handle, server: PgConnectOptions) -> Follower {
    let mut pause = measure(&server).await;
    Follower(runtime.spawn(async move {
        loop {
            sleep(pause).await;
            pause = measure(&server).await;
        }
    }))
}

/// The pause until the next measurement.
async fn measure(server: &PgConnectOptions) -> Duration {
    match timeout(PATIENCE, difference(server)).await {
        Ok(Ok((difference, error))) => {
            adopt(difference, error);
            PERIOD
        }
        Ok(Err(error)) => {
            tracing::debug!(%error, "the database's time could not be read");
            RETRY
        }
        Err(_elapsed) => RETRY,
    }
}

/// How far the database's clock is ahead, and how far that may be wrong.
async fn difference(server: &PgConnectOptions) -> sqlx::Result<(TimeDelta, TimeDelta)> {
    let mut connection = server.connect().await?;
    let read = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)";
    let (before, asked) = (here(), Instant::now());
    let theirs: i64 = sqlx::query_scalar(read).fetch_one(&mut connection).await?;
    let half = TimeDelta::from_std(asked.elapsed() / 2).unwrap_or_default();
    connection.close().await?;
    let difference = TimeDelta::microseconds(theirs - (before + half).timestamp_micros());
    Ok((difference, half))
}

/// Keeps the difference that is known already where the new one may be the same: time should not jump for nothing.
fn adopt(difference: TimeDelta, error: TimeDelta) {
    let known = ahead();
    if (difference - known).abs() > error + TimeDelta::milliseconds(1) {
        AHEAD.store(difference.num_microseconds().unwrap_or_default(), Relaxed);
    }
    let is_far = difference.abs() > TOLERATED;
    let seconds = difference.num_seconds();
    if is_far && known.abs() <= TOLERATED {
        tracing::warn!(
            seconds,
            "the clock of this machine differs from the database's by more than 30 s: times are taken from the database, \
             but the log keeps this machine's; set the clock, for example by NTP"
        );
    } else if !is_far && known.abs() > TOLERATED {
        tracing::info!(
            seconds,
            "the clocks of this machine and the database agree again"
        );
    }
}
