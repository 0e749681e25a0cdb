//! `atoll migrate`: manages migrations.
use anyhow::ensure;
use kernel::{Database, database::Migrations, migration::Step};
use service::MIGRATOR;

use super::{
    context::{Consent, Operator, say},
    explain::explain,
};
use crate::config::Inputs;

const ROLLBACK: &str =
    "This rolls back migrations and deletes the data in their tables and columns.";
const RESET: &str = "This deletes all rows of all tables.";

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Apply pending migrations; create the database if it is a file that does not exist
    Up {
        /// Apply at most N [default: all]
        #[arg(short, value_name = "N")]
        number: Option<u32>,
    },
    /// Roll back the latest migrations
    Down {
        /// Number of migrations to roll back
        #[arg(short, value_name = "N", default_value_t = 1)]
        number: u32,
        #[command(flatten)]
        consent: Consent,
    },
    /// Apply or roll back migrations until the given one is the last applied
    To {
        /// Name of the migration, or the beginning of its name
        version: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Print all migrations and whether they are applied, or belong to a newer release
    Status,
    /// Print the applied migrations with their times
    History,
    /// Print the last applied migration
    Current,
    /// Give a PostgreSQL role the minimal rights to run the server (append-only audit log)
    Grant {
        /// Name of an existing role
        role: String,
    },
    /// Drop all tables, then apply all migrations
    Fresh(Consent),
    /// Roll back all migrations, then apply them
    Refresh(Consent),
    /// Roll back all migrations
    Reset(Consent),
}

impl Command {
    pub async fn run(self, inputs: &Inputs) -> anyhow::Result<()> {
        let operator = Operator::start(inputs)?;
        let is_new = operator.is_absent();
        if !matches!(self, Self::Up { .. }) {
            operator.require_file()?;
        }
        let database = Database::connect_for_migrations(&operator.settings.database)
            .await
            .map_err(explain)?;
        if is_new {
            say(format_args!("created      {}", operator.database()))?;
        }
        let done = self.run_on(&operator, &database.migrations(MIGRATOR)).await;
        database.close().await.map_err(explain)?;
        done
    }

    async fn run_on(self, operator: &Operator, migrations: &Migrations<'_>) -> anyhow::Result<()> {
        let before = migrations.history().await.map_err(explain)?;
        self.confirm(operator, &before)?;
        let done = match self {
            Self::Up { number } => migrations.up(number).await,
            Self::Down { number, .. } => migrations.down(number).await,
            Self::To { version, .. } => migrations.to(&version).await,
            Self::Fresh(_) => migrations.fresh().await,
            Self::Refresh(_) => migrations.refresh().await,
            Self::Reset(_) => migrations.reset().await,
            Self::Status => return status(&before),
            Self::History => return history(&before),
            Self::Current => return current(&before),
            Self::Grant { role } => return grant(operator, migrations, &before, &role).await,
        };
        done.map_err(explain)?;
        report(&before, &migrations.history().await.map_err(explain)?)
    }

    /// Asks for confirmation if the command loses rows.
    fn confirm(&self, operator: &Operator, steps: &[Step]) -> anyhow::Result<()> {
        let (consent, warning) = match self {
            Self::Down { consent, .. } => (consent, ROLLBACK),
            Self::To { version, consent } if rolls_back(steps, version) => (consent, ROLLBACK),
            Self::Fresh(consent) | Self::Refresh(consent) | Self::Reset(consent) => {
                (consent, RESET)
            }
            Self::Up { .. }
            | Self::To { .. }
            | Self::Status
            | Self::History
            | Self::Current
            | Self::Grant { .. } => return Ok(()),
        };
        operator.confirm(consent, warning)
    }
}

fn rolls_back(steps: &[Step], version: &str) -> bool {
    let after = steps
        .iter()
        .skip_while(|step| !step.name.starts_with(version))
        .skip(1);
    after.into_iter().any(is_applied)
}

fn is_applied(step: &Step) -> bool {
    step.applied_at.is_some()
}

fn status(steps: &[Step]) -> anyhow::Result<()> {
    for step in steps {
        let state = match step.applied_at {
            Some(_) if step.is_known => "applied",
            Some(_) => "newer  ",
            None => "pending",
        };
        say(format_args!("{state}  {}", step.name))?;
    }
    Ok(())
}

fn history(steps: &[Step]) -> anyhow::Result<()> {
    for step in steps {
        if let Some(at) = step.applied_at {
            say(format_args!(
                "{}  {}",
                at.format("%Y-%m-%d %H:%M:%SZ"),
                step.name
            ))?;
        }
    }
    Ok(())
}

fn current(steps: &[Step]) -> anyhow::Result<()> {
    match steps.iter().rfind(|step| is_applied(step)) {
        Some(step) => say(&step.name),
        None => say("none"),
    }
}

async fn grant(
    operator: &Operator,
    migrations: &Migrations<'_>,
    steps: &[Step],
    role: &str,
) -> anyhow::Result<()> {
    ensure!(
        steps.iter().all(is_applied),
        "some migrations are pending, and their tables would get no rights; run `atoll migrate up` first"
    );
    let retention = operator.settings.audit.retention;
    migrations.grant(role, retention).await.map_err(explain)?;
    say(format_args!(
        "The role {role} can now run the server. Run this command again after each `atoll migrate up`."
    ))
}

/// Prints what changed and how many migrations are applied now.
fn report(before: &[Step], after: &[Step]) -> anyhow::Result<()> {
    for (old, new) in before.iter().zip(after) {
        if is_applied(new) && !is_applied(old) {
            say(format_args!("applied      {}", new.name))?;
        } else if is_applied(old) && !is_applied(new) {
            say(format_args!("rolled back  {}", new.name))?;
        }
    }
    let applied = after.iter().filter(|step| is_applied(step)).count();
    say(format_args!(
        "{applied} of {} migrations are applied.",
        after.len()
    ))
}
