//! How old the newest backup is.
use std::time::Duration;

use chrono::Utc;
use service::doctor::Check;
use tokio::time::timeout;

use crate::config::Settings;

/// The route has little time, and a store may not answer at all.
const LIMIT: Duration = Duration::from_secs(5);

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
    let error = |error: String| Some(Check::error(NAME, error, advice));
    let backups = match settings.backups(None) {
        Ok(backups) => backups,
        Err(failure) => return error(failure.to_string()),
    };
    let place = backups.place();
    let newest = match timeout(LIMIT, backups.newest_time()).await {
        Ok(Ok(newest)) => newest,
        Ok(Err(failure)) => return error(failure.to_string()),
        Err(_late) => {
            return error(format!(
                "{place} does not answer within {} s",
                LIMIT.as_secs()
            ));
        }
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
