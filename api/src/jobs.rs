//! What a server does beside answering, each job on a clock of its own. Every node runs them; the database lets one at a time.
use std::time::Duration;

use actix_web::rt;
use service::{Atoll, Result, audit, mail, retention};
use tokio::time::{MissedTickBehavior, interval, timeout};

use crate::settings::JobSettings;

const MAIL_POLL: Duration = Duration::from_secs(5);

/// Runs until the process ends: what a job has not committed is done by the next.
pub fn start(atoll: &Atoll, settings: &JobSettings) {
    let sealing = atoll.audit.seal_interval;
    every("sealing the audit", sealing, atoll.clone(), async |atoll| {
        let sealed = audit::seal(atoll).await?;
        if sealed > 0 {
            tracing::debug!(entries = sealed, "sealed");
        }
        Ok(())
    });
    if atoll.mail.is_on() {
        for sender in mail::SENDERS {
            send_mail(atoll.clone(), sender);
        }
    }
    if !settings.purge_interval.is_zero() {
        let purging = settings.purge_interval;
        every("purging", purging, atoll.clone(), async |atoll| {
            for expired in retention::purge(atoll, |_| {}).await? {
                if expired.rows > 0 {
                    tracing::info!(table = expired.table, rows = expired.rows, "purged");
                }
            }
            Ok(())
        });
    }
}

/// Looks for damage of a SQLite file once, beside the requests.
pub fn check_file(atoll: &Atoll, limit: Duration) {
    let database = atoll.database.clone();
    rt::spawn(async move { database.check_file(limit).await });
}

/// At once when something was queued here, and every few seconds what another node left or failed to send.
fn send_mail(atoll: Atoll, sender: mail::Sender) {
    rt::spawn(async move {
        loop {
            if let Err(error) = mail::send_due(&atoll, sender).await {
                tracing::warn!(%error, "sending mail failed; it is tried again");
            }
            let _ = timeout(MAIL_POLL, atoll.mail.queued()).await;
        }
    });
}

fn every(
    what: &'static str,
    period: Duration,
    atoll: Atoll,
    job: impl AsyncFn(&Atoll) -> Result<()> + 'static,
) {
    rt::spawn(async move {
        let mut clock = interval(period);
        clock.set_missed_tick_behavior(MissedTickBehavior::Delay);
        loop {
            clock.tick().await;
            if let Err(error) = job(&atoll).await {
                tracing::warn!(%error, what, "a job failed; it is tried again");
            }
        }
    });
}
