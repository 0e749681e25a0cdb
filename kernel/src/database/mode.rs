//! Whether this node accepts writes. [`Database::begin`] asks it before every transaction.
use std::{
    fmt,
    sync::{
        Arc,
        atomic::{AtomicU8, Ordering::SeqCst},
    },
};

use prometheus_client::{collector::Collector, encoding::DescriptorEncoder, metrics::MetricType};

use super::{Database, reader::ReadPool};
use crate::{Error, Result, error::ReadOnly};

/// The reasons that were set on this node, one bit each. Whether the database accepts writes is asked when it matters.
#[derive(Debug, Clone, Default)]
pub(super) struct Mode(Arc<AtomicU8>);

impl Mode {
    fn set(&self, reason: ReadOnly, holds: bool) {
        if holds {
            self.0.fetch_or(bit(reason), SeqCst);
        } else {
            self.0.fetch_and(!bit(reason), SeqCst);
        }
    }

    fn has(&self, reason: ReadOnly) -> bool {
        self.0.load(SeqCst) & bit(reason) != 0
    }
}

fn bit(reason: ReadOnly) -> u8 {
    1 << reason as u8
}

impl Database {
    /// Sets whether this node refuses writes for this reason. It refuses them while any reason holds.
    pub fn set_read_only(&self, reason: ReadOnly, holds: bool) {
        self.mode.set(reason, holds);
    }

    /// Returns the reasons for which this node refuses writes.
    pub fn read_only_reasons(&self) -> Vec<ReadOnly> {
        let all = ReadOnly::ALL.into_iter();
        all.filter(|reason| self.is_read_only(*reason)).collect()
    }

    /// Fails with [`Error::ReadOnly`] if this node refuses writes.
    pub fn check_mode(&self) -> Result<()> {
        let first = ReadOnly::ALL
            .into_iter()
            .find(|reason| self.is_read_only(*reason));
        first.map_or(Ok(()), |reason| Err(Error::ReadOnly(reason)))
    }

    /// Returns true if the server of the database is known to refuse writes.
    pub fn refuses_writes(&self) -> bool {
        match &self.reader.pool {
            ReadPool::Memory(_) | ReadPool::File(_) => false,
            ReadPool::Postgres(postgres) => postgres.is_read_only(),
            ReadPool::Replica(routed) => routed.primary().is_read_only(),
        }
    }

    /// Returns the same database for the write that switches the mode. Only a database that refuses writes stops it.
    #[must_use]
    pub(crate) fn in_every_mode(self) -> Self {
        Self {
            mode: Mode::default(),
            ..self
        }
    }

    fn is_read_only(&self, reason: ReadOnly) -> bool {
        match reason {
            ReadOnly::Database => self.refuses_writes(),
            set => self.mode.has(set),
        }
    }
}

/// Tells a monitoring system for which reasons writes are refused.
pub(super) struct ModeMetrics(pub Database);

impl fmt::Debug for ModeMetrics {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("ModeMetrics")
    }
}

impl Collector for ModeMetrics {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "Whether this node refuses writes, by reason";
        let mut gauge = encoder.encode_descriptor("read_only", help, None, MetricType::Gauge)?;
        for reason in ReadOnly::ALL {
            let value = u64::from(self.0.is_read_only(reason));
            gauge
                .encode_family(&[("reason", reason.name())])?
                .encode_gauge(&value)?;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_node_is_read_only_while_any_reason_holds() {
        let mode = Mode::default();
        mode.set(ReadOnly::Signalled, true);
        mode.set(ReadOnly::Switched, true);

        mode.set(ReadOnly::Switched, false);

        let set = ReadOnly::ALL.map(|reason| mode.has(reason));
        assert_eq!(set, [false, true, false, false]);
    }
}
