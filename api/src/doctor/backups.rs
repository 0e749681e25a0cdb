//! When the newest backup was made.
use std::time::Duration;

use chrono::{DateTime, Utc};
use service::doctor::Check;
use tokio::time::timeout;

use crate::config::Settings;

/// The route has little time, and a store may not answer at all.
const LIMIT: Duration = Duration::from_secs(5);

/// When the newest backup was made.
pub struct Newest {
    /// The folder or the store that has the backups.
    pub place: String,
    /// `None` if there is no backup. The error says why that is not known.
    pub made_at: Result<Option<DateTime<Utc>>, String>,
}

/// Looks for the newest backup, for at most `limit`.
pub async fn newest_backup(settings: &Settings, limit: Duration) -> Newest {
    let backups = match settings.backups(None) {
        Ok(backups) => backups,
        Err(failure) => {
            return Newest {
                place: settings.backup.store.clone().unwrap_or_default(),
                made_at: Err(failure.to_string()),
            };
        }
    };
    let place = backups.place();
    let made_at = match timeout(limit, backups.newest_time()).await {
        Ok(newest) => newest.map_err(|failure| failure.to_string()),
        Err(_late) => Err(format!(
            "{place} does not answer within {} s",
            limit.as_secs()
        )),
    };
    Newest { place, made_at }
}

/// Returns `None` if backups are made in another way, so that nothing is expected.
pub async fn check(settings: &Settings) -> Option<Check> {
    const NAME: &str = "backups";
    let max_age = settings.backup.max_age;
    if max_age.is_zero() {
        return None;
    }
    let advice = if settings.backup.schedule.every.is_zero() {
        "let the server make backups (backup.schedule.every), or run `atoll backup create` by a timer; backup.max_age = \"0s\" turns \
         this check off"
    } else {
        "see why the server makes none: its log and atoll_job_failures_total{job=\"backup\"} tell, and `atoll backup create` shows the error"
    };
    let Newest { place, made_at } = newest_backup(settings, LIMIT).await;
    let newest = match made_at {
        Ok(newest) => newest,
        Err(problem) => return Some(Check::error(NAME, problem, advice)),
    };
    let Some(newest) = newest else {
        let found = format!("there is no backup in {place}");
        return Some(Check::warning(NAME, found, advice));
    };
    let age = (Utc::now() - newest).to_std().unwrap_or_default();
    let found = format!(
        "the newest backup in {place} is {} h old",
        age.as_secs() / 3_600
    );
    Some(if age > max_age {
        Check::warning(NAME, found, advice)
    } else {
        Check::ok(NAME, found)
    })
}
