//! Background jobs, each with its own interval. Every node runs them; a lock in the database lets only one run at a time.
mod backup;
#[cfg(test)]
mod tests;

use std::time::Duration;

use actix_web::rt;
use chrono::Utc;
use kernel::{
    Error, Kernel, Result, audit,
    metrics::{Counters, Label, Metrics},
    mode,
};
use prometheus_client::{
    metrics::{counter::Counter, family::Family, gauge::Gauge},
    registry::Unit,
};
use serde::Deserialize;
use service::{
    identity,
    mail::{self, Mailer},
    retention,
};
use tokio::time::{MissedTickBehavior, interval, timeout};
use tracing::{Instrument, Span, field::Empty, info_span};

pub use backup::make_backups;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSettings {
    #[serde(with = "humantime_serde")]
    pub purge_interval: Duration,
}

/// Counts the runs of each job.
#[derive(Debug, Clone, Default)]
pub struct JobMetrics {
    succeeded: Counters,
    failed: Counters,
    last_success: Family<Label, Gauge>,
    newest_backup: Gauge,
}

/// Counts the runs of one job.
struct Runs {
    succeeded: Counter,
    failed: Counter,
    last_success: Gauge,
}

impl JobMetrics {
    fn job(&self, name: &'static str) -> Runs {
        let label = [("job", name)];
        Runs {
            succeeded: self.succeeded.get_or_create_owned(&label),
            failed: self.failed.get_or_create_owned(&label),
            last_success: self.last_success.get_or_create_owned(&label),
        }
    }

    /// Adds the series of all jobs.
    pub fn add_metrics(&self, metrics: &mut Metrics) {
        let help = "Runs of a job that succeeded, also those that had nothing to do";
        metrics.register("job_successes", help, self.succeeded.clone());
        let help = "Runs of a job that failed; it is tried again";
        metrics.register("job_failures", help, self.failed.clone());
        metrics.register_with_unit(
            "job_last_success_timestamp",
            "When a job last succeeded on this node, in seconds since 1970; 0 if it has not yet",
            Unit::Seconds,
            self.last_success.clone(),
        );
        metrics.register_with_unit(
            "backup_newest_timestamp",
            "When the newest backup was made, in seconds since 1970, as this node saw it last; 0 if it makes none or saw none",
            Unit::Seconds,
            self.newest_backup.clone(),
        );
    }
}

impl Runs {
    fn count<E>(&self, done: &Result<(), E>) {
        if done.is_ok() {
            self.succeeded.inc();
            self.last_success.set(Utc::now().timestamp());
        } else {
            self.failed.inc();
        }
    }
}

/// Jobs that run more often have no span: they would fill the traces, and mostly do nothing.
const MIN_TRACED_PERIOD: Duration = Duration::from_mins(1);

const MAIL_POLL: Duration = Duration::from_secs(5);

/// Starts the jobs, which run until the process ends. The next run does what an interrupted job has not committed.
pub fn start(kernel: &Kernel, settings: &JobSettings, metrics: &JobMetrics) {
    rt::spawn(mode::watch(kernel.clone()));
    let seal_interval = kernel.audit.seal_interval;
    run_every(
        ("seal_audit", metrics),
        seal_interval,
        kernel.clone(),
        async |kernel| {
            let sealed = audit::seal(kernel).await?;
            if sealed > 0 {
                tracing::debug!(entries = sealed, "audit entries sealed");
            }
            Ok(())
        },
    );
    if kernel.state::<Mailer>().is_on() {
        for sender in mail::SENDERS {
            send_mail(kernel.clone(), sender, metrics.job("send_mail"));
        }
    }
    if !settings.purge_interval.is_zero() {
        let purge_interval = settings.purge_interval;
        let name = ("purge", metrics);
        run_every(name, purge_interval, kernel.clone(), async |kernel| {
            for expired in retention::purge(kernel, |_| {}).await? {
                if expired.rows > 0 {
                    tracing::info!(
                        table = expired.table,
                        rows = expired.rows,
                        "expired rows purged"
                    );
                }
            }
            Ok(())
        });
    }
}

/// Checks a SQLite file for damage once, in the background.
pub fn check_file(kernel: &Kernel, limit: Duration) {
    let database = kernel.database.clone();
    rt::spawn(async move { database.check_file(limit).await });
}

/// Sends mail as soon as it is queued on this node, and every few seconds what another node queued or failed to send.
fn send_mail(kernel: Kernel, sender: mail::Sender, runs: Runs) {
    rt::spawn(async move {
        loop {
            if let Err(error) = run(&kernel, &runs, identity::send_due(&kernel, sender)).await {
                tracing::warn!(%error, "sending mail failed, will retry");
            }
            let _ = timeout(MAIL_POLL, kernel.state::<Mailer>().queued()).await;
        }
    });
}

/// Runs a job once and counts the run. In read-only mode, which is logged when it begins, nothing runs.
async fn run(kernel: &Kernel, runs: &Runs, job: impl Future<Output = Result<()>>) -> Result<()> {
    if kernel.database.check_mode().is_err() {
        return Ok(());
    }
    match job.await {
        // It began meanwhile.
        Err(Error::ReadOnly(_)) => Ok(()),
        done => {
            runs.count(&done);
            done
        }
    }
}

fn run_every(
    (name, metrics): (&'static str, &JobMetrics),
    period: Duration,
    kernel: Kernel,
    job: impl AsyncFn(&Kernel) -> Result<()> + 'static,
) {
    let runs = metrics.job(name);
    rt::spawn(async move {
        let mut clock = interval(period);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            let span = if period < MIN_TRACED_PERIOD {
                Span::none()
            } else {
                info_span!("job", job = name, failed = Empty)
            };
            let done = run(&kernel, &runs, job(&kernel).instrument(span.clone())).await;
            if done.is_err() {
                span.record("failed", true);
            }
            if let Err(error) = done {
                tracing::warn!(%error, job = name, "job failed, will retry");
            }
        }
    });
}
