//! Backups that a server makes by itself, as `backup.schedule` says.
use std::{io, thread, time::Duration};

use chrono::{DateTime, Utc};
use prometheus_client::metrics::gauge::Gauge;
use service::backup::{Backups, Failure, Keep, Ran, Schedule};
use tokio::{runtime::Builder, time::sleep};

use super::{JobMetrics, Runs};

/// The longest time after a failed backup, or one of another node, until the next look.
const RETRY: Duration = Duration::from_mins(10);
/// The longest time between two looks: other nodes and operators make backups, too.
const POLL: Duration = Duration::from_hours(1);
const LEAST: Duration = Duration::from_millis(500);

/// Makes backups until the process ends, on a thread with a runtime of its own: neither its work nor its waits delay requests.
/// A backup that the end of the process interrupts is removed by the next one.
pub fn make_backups(
    backups: Backups,
    schedule: Schedule,
    (recipients, keep): (Vec<String>, Option<Keep>),
    metrics: &JobMetrics,
) -> io::Result<()> {
    let maker = Maker {
        backups,
        schedule,
        recipients,
        keep,
        runs: metrics.job("backup"),
        newest: metrics.newest_backup.clone(),
    };
    let runtime = Builder::new_current_thread().enable_all().build()?;
    thread::Builder::new()
        .name("backup".to_owned())
        .spawn(move || runtime.block_on(maker.run()))?;
    Ok(())
}

struct Maker {
    backups: Backups,
    schedule: Schedule,
    recipients: Vec<String>,
    keep: Option<Keep>,
    runs: Runs,
    newest: Gauge,
}

impl Maker {
    async fn run(self) {
        loop {
            let options = (&self.recipients[..], self.keep);
            let ran = self.backups.run(self.schedule, options).await;
            let pause = self.report(&ran);
            self.runs.count(&ran.map(drop));
            sleep(pause).await;
        }
    }

    /// Writes to the log and to the metrics what has happened. Returns the time until the next look.
    fn report(&self, ran: &Result<Ran, Failure>) -> Duration {
        let retry = self.schedule.every.min(RETRY);
        match ran {
            Ok(Ran::Made { archive, removed }) => {
                let manifest = &archive.manifest;
                self.saw(Some(manifest.created_at));
                tracing::info!(
                    place = %archive.place,
                    bytes = manifest.bytes,
                    rows = manifest.rows.values().sum::<i64>(),
                    removed = removed.len(),
                    "backup made"
                );
                LEAST
            }
            Ok(Ran::NotDue { newest, next }) => {
                self.saw(*newest);
                let pause = (*next - Utc::now()).to_std().unwrap_or_default();
                pause.clamp(LEAST, POLL)
            }
            Ok(Ran::Busy) => retry,
            Err(failure) => {
                tracing::warn!(error = %failure, job = "backup", retry_in = ?retry, "job failed, will retry");
                retry
            }
        }
    }

    fn saw(&self, newest: Option<DateTime<Utc>>) {
        if let Some(newest) = newest {
            self.newest.set(newest.timestamp());
        }
    }
}
