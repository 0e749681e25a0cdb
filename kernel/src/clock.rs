//! All nodes use the time of the database: each measures how much its own clock differs.
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

/// The pause between two measurements.
const PERIOD: Duration = Duration::from_secs(30);
/// The pause after a failed measurement.
const RETRY: Duration = Duration::from_secs(1);

/// The time limit of one measurement, which includes connecting.
const TIMEOUT: Duration = Duration::from_secs(2);

/// A larger difference is logged as a warning.
const TOLERATED: TimeDelta = TimeDelta::seconds(30);

/// The microseconds by which the database's clock is ahead of this machine's. It stays 0 for SQLite.
///
/// It is a static because code everywhere reads the time, and a process serves one database.
static OFFSET: AtomicI64 = AtomicI64::new(0);

/// The microseconds by which a test shifts this machine's clock.
static TEST_SHIFT: AtomicI64 = AtomicI64::new(0);

/// Returns the database's time in UTC and whole microseconds, the only form in which SQLite's text timestamps sort.
pub fn now() -> DateTimeWithTimeZone {
    (local_now() + offset()).trunc_subsecs(6).fixed_offset()
}

/// Shifts the clock of this machine, for tests of nodes whose clocks differ. No setting does this.
pub fn shift(seconds: i32) {
    TEST_SHIFT.store(i64::from(seconds) * 1_000_000, Relaxed);
}

fn local_now() -> DateTime<Utc> {
    Utc::now() + TimeDelta::microseconds(TEST_SHIFT.load(Relaxed))
}

fn offset() -> TimeDelta {
    TimeDelta::microseconds(OFFSET.load(Relaxed))
}

/// Returns how far the database's clock is ahead of this machine's, as it was last measured.
pub fn difference() -> TimeDelta {
    offset()
}

/// The task that measures the difference. It ends when this is dropped.
#[derive(Debug)]
pub struct Follower(JoinHandle<()>);

impl Drop for Follower {
    fn drop(&mut self) {
        self.0.abort();
    }
}

/// Measures the difference now, and then every half minute in a task of `runtime`.
///
/// `server` returns the server in use.
pub async fn follow(
    runtime: &Handle,
    server: impl Fn() -> PgConnectOptions + Send + 'static,
) -> Follower {
    let mut pause = measure(&server()).await;
    Follower(runtime.spawn(async move {
        loop {
            sleep(pause).await;
            pause = measure(&server()).await;
        }
    }))
}

/// Measures the difference, and returns the pause until the next measurement.
async fn measure(server: &PgConnectOptions) -> Duration {
    match timeout(TIMEOUT, measure_difference(server)).await {
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

/// Returns how far the database's clock is ahead, and the possible error.
async fn measure_difference(server: &PgConnectOptions) -> sqlx::Result<(TimeDelta, TimeDelta)> {
    let mut connection = server.connect().await?;
    let read = "SELECT CAST(EXTRACT(EPOCH FROM clock_timestamp()) * 1000000 AS bigint)";
    let (before, asked) = (local_now(), Instant::now());
    let theirs: i64 = sqlx::query_scalar(read).fetch_one(&mut connection).await?;
    let half = TimeDelta::from_std(asked.elapsed() / 2).unwrap_or_default();
    connection.close().await?;
    let difference = TimeDelta::microseconds(theirs - (before + half).timestamp_micros());
    Ok((difference, half))
}

/// Stores a new difference, unless the known one is within the possible error, so that the time does not jump needlessly.
fn adopt(difference: TimeDelta, error: TimeDelta) {
    let known = offset();
    if (difference - known).abs() > error + TimeDelta::milliseconds(1) {
        OFFSET.store(difference.num_microseconds().unwrap_or_default(), Relaxed);
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
