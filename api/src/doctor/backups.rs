//! How old the newest backup is.
use chrono::Utc;
use service::{
    backup::{Archive, list},
    doctor::Check,
};

use crate::config::BackupSettings;

/// Returns `None` if backups are made in another way, so that nothing is expected.
pub fn check(settings: &BackupSettings) -> Option<Check> {
    const NAME: &str = "backups";
    if settings.max_age.is_zero() {
        return None;
    }
    let folder = settings.folder.display();
    let advice = "run `atoll backup create` regularly, for example by a timer; backup.max_age = \"0s\" turns this check off";
    let listed = match list(&settings.folder) {
        Ok(listed) => listed,
        Err(error) => return Some(Check::error(NAME, error.to_string(), advice)),
    };
    let good = listed
        .iter()
        .filter_map(|listed| listed.archive.as_ref().ok());
    let newest = good
        .map(|archive: &Archive| archive.manifest.created_at)
        .max();
    let Some(newest) = newest else {
        return Some(Check::warning(
            NAME,
            format!("there is no backup in {folder}"),
            advice,
        ));
    };
    let age = (Utc::now() - newest).to_std().unwrap_or_default();
    let found = format!(
        "the newest backup in {folder} is {} h old",
        age.as_secs() / 3_600
    );
    Some(if age > settings.max_age {
        Check::warning(NAME, found, advice)
    } else {
        Check::ok(NAME, found)
    })
}
