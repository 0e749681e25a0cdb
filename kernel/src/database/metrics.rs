//! What is counted and measured of a database: statements, waits for connections, pools, and writes that ran again.
use std::{fmt, sync::Arc, time::Duration};

use deadpool::Status;
use prometheus_client::{
    collector::Collector,
    encoding::DescriptorEncoder,
    metrics::{MetricType, counter::Counter, histogram::Histogram},
    registry::Unit,
};
use tokio::time::Instant;

use super::{
    Database,
    mode::ModeMetrics,
    reader::ReadPool,
    replicas::{Figures, Replicas},
    writer::Writer,
};
use crate::metrics::{Counters, Metrics, Times, times};

/// The kinds of statements, by the word that they begin with; the last one stands for all others.
const KINDS: [(&str, &str); 5] = [
    ("SELECT", "select"),
    ("INSERT", "insert"),
    ("UPDATE", "update"),
    ("DELETE", "delete"),
    ("", "other"),
];

/// Why a write runs again.
const LOCK: &str = "lock";
const CONFLICT: &str = "conflict";

/// The series of one database. It is cheap to clone.
#[derive(Debug, Clone)]
pub(super) struct Series {
    statements: Times,
    by_kind: Arc<[Histogram; 5]>,
    waits: Times,
    timeouts: Counters,
    retries: Counters,
    routed: Counters,
    fallbacks: Counters,
}

/// The series of the waits for connections of one pool.
#[derive(Debug, Clone)]
pub(super) struct Waits {
    time: Histogram,
    timeouts: Counter,
}

impl Default for Series {
    fn default() -> Self {
        let statements = times();
        let retries = Counters::default();
        for cause in [LOCK, CONFLICT] {
            // It begins with 0.
            drop(retries.get_or_create(&[("cause", cause)]));
        }
        let by_kind = KINDS.map(|(_, kind)| statements.get_or_create_owned(&[("kind", kind)]));
        Self {
            statements,
            by_kind: Arc::new(by_kind),
            waits: times(),
            timeouts: Counters::default(),
            retries,
            routed: Counters::default(),
            fallbacks: Counters::default(),
        }
    }
}

impl Series {
    /// Returns the series of a pool. Pools with the same name share them.
    pub fn waits(&self, pool: &'static str) -> Waits {
        Waits {
            time: self.waits.get_or_create_owned(&[("pool", pool)]),
            timeouts: self.timeouts.get_or_create_owned(&[("pool", pool)]),
        }
    }

    /// Returns the count of the requests that this server was chosen for.
    pub fn count_reads_of(&self, server: &'static str) -> Counter {
        self.routed.get_or_create_owned(&[("server", server)])
    }

    /// Returns the count of the reads that failed on a replica and ran on the primary.
    pub fn count_fallbacks_of(&self, replica: &'static str) -> Counter {
        self.fallbacks.get_or_create_owned(&[("replica", replica)])
    }

    pub fn count_statement(&self, sql: &str, elapsed: Duration) {
        let kind = KINDS.iter().position(|(word, _)| sql.starts_with(word));
        if let Some(time) = kind.and_then(|kind| self.by_kind.get(kind)) {
            time.observe(elapsed.as_secs_f64());
        }
    }

    /// Counts a write that runs again after a conflict, or after it waited too long for a lock.
    pub fn count_retry(&self, waited_for_lock: bool) {
        let cause = if waited_for_lock { LOCK } else { CONFLICT };
        self.retries.get_or_create(&[("cause", cause)]).inc();
    }
}

impl Waits {
    pub fn end(&self, began: Instant) {
        self.time.observe(began.elapsed().as_secs_f64());
    }

    pub fn time_out(&self) {
        self.timeouts.inc();
    }
}

impl Database {
    /// Adds the series of this database.
    pub fn add_metrics(&self, metrics: &mut Metrics) {
        let series = &self.series;
        metrics.register_with_unit(
            "database_statement_duration",
            "Time from sending a statement to its complete answer, by the kind of statement",
            Unit::Seconds,
            series.statements.clone(),
        );
        metrics.register_with_unit(
            "database_pool_wait_duration",
            "Time that work waited for a connection, by pool",
            Unit::Seconds,
            series.waits.clone(),
        );
        metrics.register(
            "database_pool_timeouts",
            "Work that got no connection within database.acquire_timeout, by pool",
            series.timeouts.clone(),
        );
        metrics.register(
            "database_write_retries",
            "Transactions that ran again, by cause: a conflict, or a wait for a lock beyond database.lock_timeout",
            series.retries.clone(),
        );
        metrics.register_collector(Box::new(Pools {
            readers: self.reader.pool.clone(),
            writer: self.writer.clone(),
            replicas: self.replicas.clone(),
        }));
        metrics.register_collector(Box::new(ModeMetrics(self.clone())));
        let Some(replicas) = &self.replicas else {
            return;
        };
        metrics.register(
            "database_routed_reads",
            "Requests that may read on a replica, by the server that was chosen",
            series.routed.clone(),
        );
        metrics.register(
            "database_replica_fallbacks",
            "Reads that failed on a replica and ran on the primary",
            series.fallbacks.clone(),
        );
        metrics.register_collector(Box::new(Figures(replicas.clone())));
    }
}

/// Reads the sizes of the pools when they are asked for.
struct Pools {
    readers: ReadPool,
    writer: Option<Arc<Writer>>,
    replicas: Option<Replicas>,
}

impl fmt::Debug for Pools {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Pools")
    }
}

/// A figure of a pool: its name, its meaning, and how it follows from the status.
type Figure = (&'static str, &'static str, fn(&Status) -> usize);

const FIGURES: [Figure; 4] = [
    (
        "database_pool_max_connections",
        "The most connections that a pool may have",
        |pool| pool.max_size,
    ),
    (
        "database_pool_open_connections",
        "Open connections of a pool, in use or idle",
        |pool| pool.size,
    ),
    (
        "database_pool_used_connections",
        "Connections of a pool that work uses",
        |pool| pool.size.saturating_sub(pool.available),
    ),
    (
        "database_pool_waiting",
        "Work that waits for a connection of a pool",
        |pool| pool.waiting,
    ),
];

impl Collector for Pools {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let mut pools = self.readers.status();
        if let Some(writer) = &self.writer {
            pools.push(("write", writer.status()));
        }
        pools.extend(self.replicas.iter().flat_map(Replicas::pools));
        for (name, help, figure) in FIGURES {
            let mut gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            for (pool, status) in &pools {
                let value = u64::try_from(figure(status)).unwrap_or(u64::MAX);
                gauge
                    .encode_family(&[("pool", *pool)])?
                    .encode_gauge(&value)?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use prometheus_client::encoding::prometheus_text;

    use super::*;

    #[test]
    fn a_statement_counts_for_the_word_that_it_begins_with() {
        let series = Series::default();
        for sql in [
            "SELECT 1",
            "SELECT 2",
            "SAVEPOINT a",
            "SET x",
            "DELETE FROM t",
            "WITH x AS (SELECT 1) SELECT 1",
        ] {
            series.count_statement(sql, Duration::from_millis(1));
        }

        let mut metrics = Metrics::default();
        metrics.register("statements", "Statements", series.statements);
        let mut text = String::new();
        prometheus_text::encode(&mut text, &metrics).unwrap();

        for (kind, count) in [("select", 2), ("insert", 0), ("delete", 1), ("other", 3)] {
            let line = format!("statements_count{{kind=\"{kind}\"}} {count}\n");
            assert!(text.contains(&line), "{line}{text}");
        }
    }
}
