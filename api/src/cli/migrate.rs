//! `atoll migrate`
use anyhow::ensure;
use service::{
    Database,
    database::{Migrations, Step},
};

use super::{
    context::{Consent, Operator, say},
    explain::explain,
};

const PART: &str = "This rolls migrations back, and loses what is in their tables and columns";
const ALL: &str = "This loses every row of every table";

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Apply what is pending
    Up {
        /// At most so many; all by default
        #[arg(short, value_name = "N")]
        number: Option<u32>,
    },
    /// Roll back the newest
    Down {
        /// So many
        #[arg(short, value_name = "N", default_value_t = 1)]
        number: u32,
        #[command(flatten)]
        consent: Consent,
    },
    /// Apply or roll back until a version is the last one applied
    To {
        /// The name of a migration, or the beginning of one
        version: String,
        #[command(flatten)]
        consent: Consent,
    },
    /// Print every migration and whether it is applied
    Status,
    /// Print what was applied, and when
    History,
    /// Print the last version applied
    Current,
    /// Let a role of PostgreSQL serve that does not own the tables, and of the audit may only add to it
    Grant {
        /// The role, which must exist
        role: String,
    },
    /// Drop every table, then apply all
    Fresh(Consent),
    /// Roll all back, then apply all
    Refresh(Consent),
    /// Roll all back
    Reset(Consent),
}

impl Command {
    pub async fn run(self) -> anyhow::Result<()> {
        let operator = Operator::start()?;
        let database = Database::connect_for_migrations(&operator.settings.database)
            .await
            .map_err(explain)?;
        let done = self.run_on(&operator, &database.migrations()).await;
        database.close().await.map_err(explain)?;
        done
    }

    async fn run_on(self, operator: &Operator, migrations: &Migrations<'_>) -> anyhow::Result<()> {
        let before = migrations.history().await.map_err(explain)?;
        self.ask(operator, &before)?;
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

    /// Before anything that loses rows.
    fn ask(&self, operator: &Operator, steps: &[Step]) -> anyhow::Result<()> {
        let (consent, what) = match self {
            Self::Down { consent, .. } => (consent, PART),
            Self::To { version, consent } if goes_down(steps, version) => (consent, PART),
            Self::Fresh(consent) | Self::Refresh(consent) | Self::Reset(consent) => (consent, ALL),
            Self::Up { .. }
            | Self::To { .. }
            | Self::Status
            | Self::History
            | Self::Current
            | Self::Grant { .. } => return Ok(()),
        };
        operator.permit(consent, what)
    }
}

fn goes_down(steps: &[Step], version: &str) -> bool {
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
        let state = if is_applied(step) {
            "applied"
        } else {
            "pending"
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
        "a table that is still to come would be left out: run `atoll migrate up` first"
    );
    let kept_for = operator.settings.audit.retention;
    migrations.grant(role, kept_for).await.map_err(explain)?;
    say(format_args!(
        "{role} may serve, and add to the audit. Run this again after each `atoll migrate up`."
    ))
}

/// What changed, and where that leaves the database.
fn report(before: &[Step], after: &[Step]) -> anyhow::Result<()> {
    for (was, is) in before.iter().zip(after) {
        match (is_applied(was), is_applied(is)) {
            (false, true) => say(format_args!("applied      {}", is.name))?,
            (true, false) => say(format_args!("rolled back  {}", is.name))?,
            _ => {}
        }
    }
    let applied = after.iter().filter(|step| is_applied(step)).count();
    say(format_args!(
        "{applied} of {} migrations are applied.",
        after.len()
    ))
}
