//! What monitoring reads from this application: the queues of mails and of password hashes, and the backlog of the audit log.
use std::{fmt, time::Duration};

use ::entity::mails::{Column, Entity};
use kernel::{
    Kernel, Result,
    audit::{self, Backlog},
    metrics::Metrics,
    resource::{now, scope},
};
use prometheus_client::{
    collector::Collector,
    encoding::{DescriptorEncoder, EncodeMetric},
    metrics::{MetricType, counter::ConstCounter, gauge::ConstGauge},
};
use sea_orm::{
    ColumnTrait, FromQueryResult, QueryFilter, QuerySelect,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, ExprTrait},
};

use crate::{identity::Identity, password::Hasher};

/// The figures that only the database knows.
#[derive(Debug, Clone, Copy, Default)]
pub struct Figures {
    /// Queued mails that were not tried yet, and those whose last try failed or is under way.
    pub new_mails: u64,
    pub retried_mails: u64,
    /// The age of the oldest queued mail.
    pub oldest_mail: Option<Duration>,
    /// Entries of the audit log without a seal.
    pub unsealed_entries: u64,
    /// The age of the oldest of them.
    pub oldest_unsealed: Option<Duration>,
}

#[derive(FromQueryResult)]
struct Mails {
    mails: i64,
    oldest: Option<DateTimeWithTimeZone>,
}

/// Reads the figures. It fails if the database does not answer in time.
pub async fn read(kernel: &Kernel) -> Result<Figures> {
    let new = mails(kernel, Column::Attempts.eq(0)).await?;
    let retried = mails(kernel, Column::Attempts.gt(0)).await?;
    let oldest = new.oldest.into_iter().chain(retried.oldest).min();
    let Backlog { entries, since } = audit::backlog(kernel).await?;
    Ok(Figures {
        new_mails: u64::try_from(new.mails).unwrap_or_default(),
        retried_mails: u64::try_from(retried.mails).unwrap_or_default(),
        oldest_mail: oldest.map(age),
        unsealed_entries: entries,
        oldest_unsealed: since.map(age),
    })
}

async fn mails(kernel: &Kernel, of_these: Expr) -> Result<Mails> {
    let rows = scope::plain::<Entity>()
        .filter(of_these)
        .select_only()
        .column_as(Expr::col(Column::Id).count(), "mails")
        .column_as(Expr::col(Column::CreatedAt).min(), "oldest");
    let found = rows.into_model::<Mails>().one(kernel.database.reader());
    Ok(found.await?.unwrap_or(Mails {
        mails: 0,
        oldest: None,
    }))
}

/// A clock that was set back makes no negative age.
fn age(since: DateTimeWithTimeZone) -> Duration {
    (now() - since).to_std().unwrap_or_default()
}

/// Adds the series of this application that need no database.
pub fn add_metrics(kernel: &Kernel, metrics: &mut Metrics) {
    let hasher = kernel.state::<Identity>().hasher.clone();
    metrics.register_collector(Box::new(Hashing(hasher)));
}

#[derive(Debug)]
struct Hashing(Hasher);

impl Collector for Hashing {
    fn encode(&self, mut encoder: DescriptorEncoder) -> fmt::Result {
        let load = self.0.load();
        for (name, help, value) in [
            (
                "password_hashes_waiting",
                "Passwords that wait to be hashed",
                load.waiting,
            ),
            (
                "password_hashes_running",
                "Passwords that are being hashed",
                load.running,
            ),
        ] {
            let gauge = encoder.encode_descriptor(name, help, None, MetricType::Gauge)?;
            ConstGauge::new(value).encode(gauge)?;
        }
        for (name, help, value) in [
            (
                "password_hashes",
                "Passwords that were accepted for hashing",
                self.0.taken(),
            ),
            (
                "password_hashes_refused",
                "Passwords that were refused because the queue was full",
                load.refused,
            ),
        ] {
            let counter = encoder.encode_descriptor(name, help, None, MetricType::Counter)?;
            ConstCounter::new(value).encode(counter)?;
        }
        Ok(())
    }
}
