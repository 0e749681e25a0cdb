//! The backups of the installation, and when the server makes the next one.
use std::time::Duration;

use chrono::Utc;
use web::prelude::*;

use crate::{
    config::Settings,
    doctor::{Newest, newest_backup},
};

/// The state of the server is asked for often, and a store may not answer.
const LIMIT: Duration = Duration::from_secs(1);

/// The backups of the installation.
#[derive(JsonSchema, Serialize)]
#[schemars(rename = "BackupStatus")]
pub struct BackupsView {
    /// Where they are: a store, or a folder of the node that answers.
    store: String,
    /// When the newest backup was made; null if there is none.
    last_at: Option<Time>,
    /// How often the server makes a backup by itself; null if it makes none.
    every_seconds: Option<u64>,
    /// When the server makes the next backup; a time that has passed means that it is overdue.
    next_at: Option<Time>,
    /// Why the times are not known, for example because the store does not answer.
    problem: Option<String>,
}

impl BackupsView {
    /// Returns `None` if the database cannot be backed up.
    pub async fn of(settings: &Settings) -> Option<Self> {
        if settings.database.is_in_memory() {
            return None;
        }
        let Newest { place, made_at } = newest_backup(settings, LIMIT).await;
        let schedule = settings.backup.schedule.schedule();
        let (last_at, next_at, problem) = match made_at {
            Ok(newest) => {
                let next = schedule.map(|schedule| schedule.due(newest, Utc::now()));
                (newest, next, None)
            }
            Err(problem) => (None, None, Some(problem)),
        };
        Some(Self {
            store: place,
            last_at: last_at.map(|time| time.fixed_offset().into()),
            every_seconds: schedule.map(|schedule| schedule.every.as_secs()),
            next_at: next_at.map(|time| time.fixed_offset().into()),
            problem,
        })
    }
}
