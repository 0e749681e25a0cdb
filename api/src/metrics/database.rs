//! Figures that are read from the database when they are asked for, at most once a second.
use std::{
    fmt,
    sync::{
        Mutex, PoisonError,
        atomic::{AtomicU64, Ordering::Relaxed},
    },
    time::Duration,
};

use kernel::{Kernel, Limit};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric, NoLabelSet},
    metrics::{MetricType, gauge::ConstGauge},
    registry::Unit,
};
use service::figures::{self, Figures};
use tokio::time::Instant;

/// Figures younger than this are not read again.
const MIN_AGE: Duration = Duration::from_secs(1);

#[derive(Debug, Default)]
pub struct DatabaseFigures {
    /// The last figures; `None` if they could not be read.
    last: Mutex<Option<Figures>>,
    /// Lets one scrape read at a time, and remembers when the last one did.
    read_at: tokio::sync::Mutex<Option<Instant>>,
    failures: AtomicU64,
}

impl DatabaseFigures {
    /// Reads the figures, unless that was done a moment ago.
    pub async fn update(&self, kernel: &Kernel) {
        let mut read_at = self.read_at.lock().await;
        if read_at.is_some_and(|last| last.elapsed() < MIN_AGE) {
            return;
        }
        let kernel = kernel.clone().for_request(Instant::now(), Limit::Read);
        let found = figures::read(&kernel).await;
        if let Err(error) = &found {
            self.failures.fetch_add(1, Relaxed);
            tracing::debug!(%error, "the figures of the database could not be read");
        }
        *self.last.lock().unwrap_or_else(PoisonError::into_inner) = found.ok();
        *read_at = Some(Instant::now());
    }
}

impl Collector for DatabaseFigures {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let help = "Scrapes without the figures that are read from the database";
        let mut failures =
            encoder.encode_descriptor("scrape_failures", help, None, MetricType::Counter)?;
        let count = self.failures.load(Relaxed);
        failures.encode_counter::<NoLabelSet, _, f64>(&count, None)?;
        let Some(found) = *self.last.lock().unwrap_or_else(PoisonError::into_inner) else {
            return Ok(());
        };
        let help = "Queued mails: new, or retry after a failed attempt";
        let mut mails = encoder.encode_descriptor("mails_queued", help, None, MetricType::Gauge)?;
        for (state, count) in [("new", found.new_mails), ("retry", found.retried_mails)] {
            ConstGauge::new(count).encode(mails.encode_family(&[("state", state)])?)?;
        }
        let help = "Entries of the audit log that wait for their seal; at most 10000 are counted";
        let entries =
            encoder.encode_descriptor("audit_unsealed_entries", help, None, MetricType::Gauge)?;
        ConstGauge::new(found.unsealed_entries).encode(entries)?;
        for (name, help, age) in [
            (
                "mails_oldest_age",
                "Age of the oldest queued mail; 0 if none is queued",
                found.oldest_mail,
            ),
            (
                "audit_seal_lag",
                "Age of the oldest entry of the audit log without a seal; 0 if all are sealed",
                found.oldest_unsealed,
            ),
        ] {
            let unit = Some(&Unit::Seconds);
            let gauge = encoder.encode_descriptor(name, help, unit, MetricType::Gauge)?;
            ConstGauge::new(age.unwrap_or_default().as_secs_f64()).encode(gauge)?;
        }
        Ok(())
    }
}
