//! What a server does beside answering, each job on a clock of its own. Every node runs them; the database lets one at a time.
use std::time::Duration;

use actix_web::rt;
use service::{Application, Kernel, Result, audit, mail, retention};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::settings::JobSettings;

const MAIL_POLL: Duration = Duration::from_secs(5);

/// Runs until the process ends: what a job has not committed is done by the next.
pub fn start(kernel: &Kernel, settings: &JobSettings) {
    let sealing = kernel.audit.seal_interval;
    every(
        "sealing the audit",
        sealing,
        kernel.clone(),
        async |kernel| {
            let sealed = audit::seal(kernel).await?;
            if sealed > 0 {
                tracing::debug!(entries = sealed, "sealed");
            }
            Ok(())
        },
    );
    if kernel.atoll().mail.is_on() {
        for sender in mail::SENDERS {
            send_mail(kernel.clone(), sender);
        }
    }
    if !settings.purge_interval.is_zero() {
        let purging = settings.purge_interval;
        every("purging", purging, kernel.clone(), async |kernel| {
            for expired in retention::purge(kernel, |_| {}).await? {
                if expired.rows > 0 {
                    tracing::info!(table = expired.table, rows = expired.rows, "purged");
                }
            }
            Ok(())
        });
    }
}

/// Looks for damage of a SQLite file once, beside the requests.
pub fn check_file(kernel: &Kernel, limit: Duration) {
    let database = kernel.database.clone();
    rt::spawn(async move { database.check_file(limit).await });
}

/// At once when something was queued here, and every few seconds what another node left or failed to send.
fn send_mail(kernel: Kernel, sender: mail::Sender) {
    rt::spawn(async move {
        loop {
            if let Err(error) = mail::send_due(&kernel, sender).await {
                tracing::warn!(%error, "sending mail failed; it is tried again");
            }
            let _ = timeout(MAIL_POLL, kernel.atoll().mail.queued()).await;
        }
    });
}

fn every(
    what: &'static str,
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
                tracing::warn!(%error, what, "a job failed; it is tried again");
            }
        }
    });
}
