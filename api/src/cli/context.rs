//! What commands have in common: settings, logs, the database and confirmations.
use std::io::{IsTerminal, Write, stderr, stdin, stdout};

use anyhow::{Context, bail, ensure};
use kernel::{Actor, Database, Kernel, Session};
use secrecy::ExposeSecret;
use service::{MIGRATOR, registry};

use super::explain::explain;
use crate::{
    config::{Configuration, Profile, Settings, mask},
    telemetry,
};

pub struct Operator {
    pub profile: Profile,
    pub settings: Settings,
}

impl Operator {
    /// Reads the configuration and starts the logs.
    pub fn start() -> anyhow::Result<Self> {
        let configuration = Configuration::from_process()?;
        let settings = configuration.settings()?;
        telemetry::start(&settings.log)?;
        for warning in &configuration.warnings {
            tracing::warn!("{warning}");
        }
        Ok(Self {
            profile: configuration.profile,
            settings,
        })
    }

    /// Connects the service to the database, whose schema is brought up to date or must be.
    pub async fn kernel(&self) -> anyhow::Result<Kernel> {
        registry().check().map_err(explain)?;
        let database = Database::connect(&self.settings.database, None)
            .await
            .map_err(explain)
            .with_context(|| format!("connecting to {}", self.database()))?;
        self.update_schema(&database).await?;
        let database = match &self.settings.server.secret {
            Some(secret) => database.with_secret(secret),
            None => database,
        };
        Ok(service::start(database, self.settings.service()?))
    }

    /// Returns a session that acts as the system.
    pub async fn session(&self) -> anyhow::Result<Session> {
        Ok(self.kernel().await?.session(Actor::System))
    }

    /// Returns the URL of the database without its password, for messages.
    pub fn database(&self) -> String {
        mask(self.settings.database.url.expose_secret())
    }

    async fn update_schema(&self, database: &Database) -> anyhow::Result<()> {
        let settings = &self.settings.database;
        let pending = database
            .migrations(MIGRATOR)
            .pending()
            .await
            .map_err(explain)
            .context("checking the schema")?;
        if pending.is_empty() {
            return Ok(());
        }
        ensure!(
            settings.migrate,
            "{}; run `atoll migrate up`",
            self.outdated(database, pending.len()).await?
        );
        let migrated = if settings.is_in_memory() {
            database.migrations(MIGRATOR).up(None).await
        } else {
            let migrating = Database::connect_for_migrations(settings)
                .await
                .map_err(explain)?;
            let migrated = migrating.migrations(MIGRATOR).up(None).await;
            migrating.close().await.map_err(explain)?;
            migrated
        };
        migrated.map_err(explain).context("migrating")?;
        tracing::info!("schema migrated");
        Ok(())
    }

    async fn outdated(&self, database: &Database, pending: usize) -> anyhow::Result<String> {
        let all = database
            .migrations(MIGRATOR)
            .history()
            .await
            .map_err(explain)?;
        let name = self.database();
        Ok(if pending == all.len() {
            format!("the database {name} is empty")
        } else {
            format!("the schema of {name} is outdated ({pending} pending migrations)")
        })
    }

    /// Asks before an operation that loses data, and refuses it in production unless it is forced.
    pub fn confirm(&self, consent: &Consent, warning: &str) -> anyhow::Result<()> {
        let Self { profile, .. } = self;
        ensure!(
            consent.force || *profile != Profile::Production,
            "refusing to do this in the {profile} profile; pass --force to do it anyway. {warning}"
        );
        if consent.yes {
            return Ok(());
        }
        ensure!(
            stdin().is_terminal(),
            "not a terminal: pass --yes to confirm. {warning}"
        );
        write!(
            stderr(),
            "{warning}\nDatabase: {}. Type yes to continue: ",
            self.database()
        )?;
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        if answer.trim() == "yes" {
            return Ok(());
        }
        bail!("cancelled: nothing was changed")
    }
}

/// Options that confirm an operation that loses data.
#[derive(Debug, clap::Args)]
pub struct Consent {
    /// Do not ask for confirmation
    #[arg(long)]
    pub yes: bool,
    /// Allow in production
    #[arg(long)]
    pub force: bool,
}

/// Prints a line to standard output. Fails if the reader has closed it.
pub fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    Ok(writeln!(stdout(), "{line}")?)
}
