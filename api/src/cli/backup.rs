//! `atoll backup`: makes, lists, verifies and restores backups.
use std::path::PathBuf;

use anyhow::Context;
use service::backup::{
    Backups, Cleaned, Failure, Keep, Restored, clean_recovered, restore, verify,
};

use super::{
    context::{Consent, Operator, say},
    explain::explain,
};
use crate::config::Inputs;

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
    /// Remove what must not come back from a database that was recovered in another way: sign-ins, links, queued mails
    Clean {
        #[command(flatten)]
        consent: Consent,
    },
}

#[derive(Debug, clap::Args)]
pub struct Place {
    /// Folder of the backups, instead of backup.folder and backup.store
    #[arg(long, value_name = "FOLDER")]
    folder: Option<PathBuf>,
    /// Store of the backups, instead of backup.store: `s3://BUCKET/PREFIX`
    #[arg(long, value_name = "URL", conflicts_with = "folder")]
    store: Option<String>,
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
            Self::List { place } => print_list(&backups(&operator, place)?).await,
            Self::Verify { place, source } => check(&operator, place, source).await,
            Self::Restore {
                place,
                source,
                keep_revoked_keys,
                consent,
            } => {
                let backups = backups(&operator, place)?;
                let archive = backups.find(&source.name).await?;
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
            Self::Clean { consent } => clean(&operator, &consent).await,
        }
    }
}

fn backups(operator: &Operator, place: Place) -> anyhow::Result<Backups> {
    let settings = &operator.settings;
    let Some(folder) = place.folder else {
        return Ok(settings.backups(place.store.as_deref())?);
    };
    let mut in_folder = settings.clone();
    in_folder.backup.store = None;
    in_folder.backup.folder = folder;
    Ok(in_folder.backups(None)?)
}

async fn create(
    operator: &Operator,
    place: Place,
    (recipients, keep): (Vec<String>, Option<Keep>),
) -> anyhow::Result<()> {
    operator.require_file()?;
    let backups = backups(operator, place)?;
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
        archive.place,
        archive.manifest.rows.len(),
        archive.manifest.bytes
    ))?;
    let keep = keep.or_else(|| settings.rule());
    for removed in backups.remove_old(keep).await? {
        say(format_args!("removed {removed}"))?;
    }
    Ok(())
}

/// Prints all backups, then fails if some are damaged. An unfinished one is none.
async fn print_list(backups: &Backups) -> anyhow::Result<()> {
    let mut damaged = None;
    for listed in backups.list().await? {
        match listed
            .archive
            .and_then(|archive| backups.check(&archive).map(|()| archive))
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
            Err(Failure::Unfinished(name)) => say(format_args!("{name}  UNFINISHED"))?,
            Err(error) => {
                say(format_args!("{}  DAMAGED", listed.name))?;
                damaged = Some(error);
            }
        }
    }
    damaged.map_or(Ok(()), |error| Err(error.into()))
}

async fn check(operator: &Operator, place: Place, source: Source) -> anyhow::Result<()> {
    let backups = backups(operator, place)?;
    let archive = backups.find(&source.name).await?;
    let settings = operator.settings.service()?;
    let start = |database| service::start(database, settings.clone());
    let verified = verify(&backups, &archive, source.identity.as_deref(), start).await?;
    say(format_args!(
        "{} is complete: {} rows of {} tables, and {} entries of the audit log in an intact chain",
        archive.name, verified.rows, verified.tables, verified.audit_entries
    ))
}

/// Cleans a database that another program has recovered.
async fn clean(operator: &Operator, consent: &Consent) -> anyhow::Result<()> {
    operator.require_file()?;
    operator.confirm(
        consent,
        "This ends all sign-ins, and removes reset links, queued mails and stored answers.",
    )?;
    let settings = operator.settings.service()?;
    let start = |database| service::start(database, settings.clone());
    let cleaned = clean_recovered(&operator.settings.backups(None)?, start).await?;
    flush_redis(operator).await?;
    report_removed(&cleaned)?;
    say(
        "API keys and recovery codes that were revoked or used after the time of the recovery are valid again: revoke those that must \
         not be.",
    )
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

fn report_removed(cleaned: &Cleaned) -> anyhow::Result<()> {
    for (table, rows) in &cleaned.rows {
        if *rows > 0 {
            say(format_args!("{table}: {rows} rows were not restored"))?;
        }
    }
    Ok(())
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
    report_removed(cleaned)?;
    for key in &cleaned.revoked_keys {
        say(format_args!(
            "the API key {} ({}) of user {} was revoked since, and stays revoked",
            key.id, key.name, key.user_id
        ))?;
    }
    if cleaned.used_codes > 0 {
        say(format_args!(
            "{} recovery codes were used or replaced since, and stay void",
            cleaned.used_codes
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
