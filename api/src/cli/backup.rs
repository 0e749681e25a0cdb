//! `atoll backup`: makes, lists, verifies and restores backups.
use std::path::PathBuf;

use anyhow::Context;
use service::backup::{Archive, Backups, Keep, Restored, list, restore, verify};

use super::{
    context::{Consent, Operator, say},
    explain::explain,
};
use crate::{config::Inputs, version};

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Make a backup while the server runs
    Create {
        #[command(flatten)]
        place: Place,
        /// Public key of `age` that may decrypt the backup, instead of backup.recipients; repeat it for several
        #[arg(long, value_name = "KEY")]
        recipient: Vec<String>,
        /// Backups to keep, instead of backup.keep; others are removed: daily=7,weekly=4,monthly=12 or last=10
        #[arg(long, value_name = "RULE")]
        keep: Option<Keep>,
    },
    /// List backups, the newest first
    List {
        #[command(flatten)]
        place: Place,
    },
    /// Restore a backup into a database of its own, compare it with its manifest, and remove it again
    Verify {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        source: Source,
    },
    /// Replace the database by a backup; the old one is kept under another name
    Restore {
        #[command(flatten)]
        place: Place,
        #[command(flatten)]
        source: Source,
        /// Keep API keys that were revoked since the backup
        #[arg(long)]
        keep_revoked_keys: bool,
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(Debug, clap::Args)]
pub struct Place {
    /// Folder of the backups, instead of backup.folder
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
}

#[derive(Debug, clap::Args)]
pub struct Source {
    /// Name of a backup, as `atoll backup list` prints it
    #[arg(default_value = "latest")]
    name: String,
    /// File with the private key of `age`, for an encrypted backup
    #[arg(long, value_name = "FILE")]
    identity: Option<PathBuf>,
}

impl Command {
    pub async fn run(self, inputs: &Inputs) -> anyhow::Result<()> {
        let operator = Operator::start(inputs)?;
        match self {
            Self::Create {
                place,
                recipient,
                keep,
            } => create(&operator, place, (recipient, keep)).await,
            Self::List { place } => print_list(&backups(&operator, place)),
            Self::Verify { place, source } => check(&operator, place, source).await,
            Self::Restore {
                place,
                source,
                keep_revoked_keys,
                consent,
            } => {
                let backups = backups(&operator, place);
                let archive = Archive::find(&backups.folder, &source.name)?;
                let warning = format!(
                    "This replaces the database by the backup {} of {}. Sign-ins, reset links and queued mails do not come back.",
                    archive.name, archive.manifest.created_at
                );
                operator.confirm(&consent, &warning)?;
                let settings = operator.settings.service()?;
                let start = |database| service::start(database, settings.clone());
                let options = (source.identity.as_deref(), keep_revoked_keys);
                let restored = restore(&backups, &archive, options, start).await?;
                flush_redis(&operator).await?;
                report(&restored)
            }
        }
    }
}

fn backups(operator: &Operator, place: Place) -> Backups {
    Backups {
        database: operator.settings.database.clone(),
        folder: place
            .folder
            .unwrap_or_else(|| operator.settings.backup.folder.clone()),
        program: version::TEXT,
    }
}

async fn create(
    operator: &Operator,
    place: Place,
    (recipients, keep): (Vec<String>, Option<Keep>),
) -> anyhow::Result<()> {
    operator.require_file()?;
    let backups = backups(operator, place);
    let settings = &operator.settings.backup;
    let recipients = if recipients.is_empty() {
        settings.recipients.clone()
    } else {
        recipients
    };
    let archive = backups.create(&recipients).await?;
    let rows: i64 = archive.manifest.rows.values().sum();
    say(format_args!(
        "{}: {rows} rows of {} tables, {} bytes",
        archive.folder.display(),
        archive.manifest.rows.len(),
        archive.manifest.bytes
    ))?;
    let keep = match keep {
        Some(keep) => Some(keep),
        None => settings.rule(),
    };
    if let Some(keep) = keep {
        for removed in remove_old(&backups, keep)? {
            say(format_args!("removed {removed}"))?;
        }
    }
    Ok(())
}

/// Removes the backups that the rule does not keep, and returns their names. Damaged ones stay: they are for the operator to judge.
fn remove_old(backups: &Backups, keep: Keep) -> anyhow::Result<Vec<String>> {
    let listed = list(&backups.folder)?.into_iter();
    let archives: Vec<_> = listed.filter_map(|listed| listed.archive.ok()).collect();
    let times: Vec<_> = archives
        .iter()
        .map(|archive| archive.manifest.created_at)
        .collect();
    let kept = keep.kept(&times);
    let mut removed = Vec::new();
    for (archive, is_kept) in archives.into_iter().zip(kept) {
        if !is_kept {
            removed.push(archive.name.clone());
            archive.remove()?;
        }
    }
    Ok(removed)
}

/// Prints all backups, then fails if some are damaged.
fn print_list(backups: &Backups) -> anyhow::Result<()> {
    let mut damaged = None;
    for listed in list(&backups.folder)? {
        match listed
            .archive
            .and_then(|archive| archive.check().map(|()| archive))
        {
            Ok(archive) => {
                let manifest = &archive.manifest;
                let secret = if manifest.is_encrypted {
                    ", encrypted"
                } else {
                    ""
                };
                say(format_args!(
                    "{}  {} {}, {} bytes{secret}, by {}",
                    archive.name,
                    manifest.database,
                    manifest.server_version,
                    manifest.bytes,
                    manifest.program
                ))?;
            }
            Err(error) => {
                say(format_args!("{}  DAMAGED", listed.name))?;
                damaged = Some(error);
            }
        }
    }
    damaged.map_or(Ok(()), |error| Err(error.into()))
}

async fn check(operator: &Operator, place: Place, source: Source) -> anyhow::Result<()> {
    let backups = backups(operator, place);
    let archive = Archive::find(&backups.folder, &source.name)?;
    let settings = operator.settings.service()?;
    let start = |database| service::start(database, settings.clone());
    let verified = verify(&backups, &archive, source.identity.as_deref(), start).await?;
    say(format_args!(
        "{} is complete: {} rows of {} tables, and {} entries of the audit log in an intact chain",
        archive.name, verified.rows, verified.tables, verified.audit_entries
    ))
}

/// Removes what Redis has of the database before.
async fn flush_redis(operator: &Operator) -> anyhow::Result<()> {
    let Some(url) = &operator.settings.redis.url else {
        return Ok(());
    };
    let advice = "the database is restored, but Redis could not be cleared: remove the keys that begin with `atoll:` before you \
                  start a server";
    let removed = kernel::cache::clear_redis(url)
        .await
        .map_err(explain)
        .context(advice)?;
    say(format_args!("removed {removed} keys from Redis"))
}

fn report(restored: &Restored) -> anyhow::Result<()> {
    let Restored {
        verified,
        cleaned,
        kept,
    } = restored;
    say(format_args!(
        "Restored {} rows of {} tables; the audit log is intact.",
        verified.rows, verified.tables
    ))?;
    for (table, rows) in &cleaned.rows {
        if *rows > 0 {
            say(format_args!("{table}: {rows} rows were not restored"))?;
        }
    }
    for key in &cleaned.revoked_keys {
        say(format_args!(
            "the API key {} ({}) of user {} was revoked since, and stays revoked",
            key.id, key.name, key.user_id
        ))?;
    }
    if kept.is_some() && !cleaned.has_compared_keys {
        say(
            "API keys that were revoked since the backup are valid again: revoke those that must not be.",
        )?;
    }
    if let Some(kept) = kept {
        say(format_args!("The database before is kept as {kept}."))?;
    }
    say("Next: run `atoll migrate grant` if a role of its own serves, then start the server.")
}
