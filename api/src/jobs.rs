//! Background jobs, each with its own interval. Every node runs them; a lock in the database lets only one run at a time.
use std::time::Duration;

use actix_web::rt;
use kernel::{Kernel, Result, audit};
use serde::Deserialize;
use service::{
    identity,
    mail::{self, Mailer},
    retention,
};
use tokio::time::{MissedTickBehavior, interval, timeout};

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct JobSettings {
    #[serde(with = "humantime_serde")]
    pub purge_interval: Duration,
}

const MAIL_POLL: Duration = Duration::from_secs(5);

/// Starts the jobs, which run until the process ends. The next run does what an interrupted job has not committed.
pub fn start(kernel: &Kernel, settings: &JobSettings) {
    let seal_interval = kernel.audit.seal_interval;
    run_every(
        "sealing the audit log",
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
            send_mail(kernel.clone(), sender);
        }
    }
    if !settings.purge_interval.is_zero() {
        let purge_interval = settings.purge_interval;
        run_every("purging", purge_interval, kernel.clone(), async |kernel| {
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
fn send_mail(kernel: Kernel, sender: mail::Sender) {
    rt::spawn(async move {
        loop {
            if let Err(error) = identity::send_due(&kernel, sender).await {
                tracing::warn!(%error, "sending mail failed, will retry");
            }
            let _ = timeout(MAIL_POLL, kernel.state::<Mailer>().queued()).await;
        }
    });
}

fn run_every(
    name: &'static str,
    period: Duration,
    kernel: Kernel,
    job: impl AsyncFn(&Kernel) -> Result<()> + 'static,
) {
    rt::spawn(async move {
        let mut clock = interval(period);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            if let Err(error) = job(&kernel).await {
                tracing::warn!(%error, job = name, "job failed, will retry");
            }
        }
    });
}
