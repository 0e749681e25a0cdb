//! What every command begins with: settings, logs, a database, and somebody to ask.
use std::io::{IsTerminal, Write, stderr, stdin, stdout};

use anyhow::{Context, bail, ensure};
use secrecy::ExposeSecret;
use service::{Actor, Atoll, Database, Kernel, Session, resources::registry};

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
        let configuration = Configuration::of_process()?;
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

    /// The service over a database whose schema is the one of this program.
    pub async fn kernel(&self) -> anyhow::Result<Kernel> {
        registry().check().map_err(explain)?;
        let database = Database::connect(&self.settings.database, None)
            .await
            .map_err(explain)
            .with_context(|| format!("connecting to {}", self.database()))?;
        self.bring_up_to_date(&database).await?;
        let database = match &self.settings.server.secret {
            Some(secret) => database.with_secret(secret),
            None => database,
        };
        Ok(Atoll::start(database, self.settings.service()?))
    }

    /// The service, in the name of the operator.
    pub async fn session(&self) -> anyhow::Result<Session> {
        Ok(self.kernel().await?.session(Actor::System))
    }

    /// The database for messages: without its password.
    pub fn database(&self) -> String {
        mask(self.settings.database.url.expose_secret())
    }

    async fn bring_up_to_date(&self, database: &Database) -> anyhow::Result<()> {
        let settings = &self.settings.database;
        let pending = database
            .pending()
            .await
            .map_err(explain)
            .context("comparing the schema with this program")?;
        if pending.is_empty() {
            return Ok(());
        }
        ensure!(
            settings.migrate,
            "the schema of {} is older than this program: run `atoll migrate up` ({} pending)",
            self.database(),
            pending.len()
        );
        let migrated = if settings.is_in_memory() {
            database.migrations().up(None).await
        } else {
            let patient = Database::connect_for_migrations(settings)
                .await
                .map_err(explain)?;
            let migrated = patient.migrations().up(None).await;
            patient.close().await.map_err(explain)?;
            migrated
        };
        migrated.map_err(explain).context("migrating")?;
        tracing::info!("the schema is up to date");
        Ok(())
    }

    /// Lets nothing that loses data happen by accident: not in production, and not without a yes.
    pub fn permit(&self, consent: &Consent, what: &str) -> anyhow::Result<()> {
        let Self { profile, .. } = self;
        ensure!(
            consent.force || *profile != Profile::Production,
            "{what}: not in the profile {profile}, unless you add --force"
        );
        if consent.yes {
            return Ok(());
        }
        ensure!(
            stdin().is_terminal(),
            "{what}: add --yes, as there is no terminal to ask at"
        );
        write!(
            stderr(),
            "{what}, in {}. Type yes to go on: ",
            self.database()
        )?;
        let mut answer = String::new();
        stdin().read_line(&mut answer)?;
        if answer.trim() == "yes" {
            return Ok(());
        }
        bail!("nothing was done")
    }
}

/// What an operator says beforehand.
#[derive(Debug, clap::Args)]
pub struct Consent {
    /// Do not ask
    #[arg(long)]
    pub yes: bool,
    /// Also in the profile production
    #[arg(long)]
    pub force: bool,
}

/// A line on standard output. Fails when nobody reads it any more.
pub fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    Ok(writeln!(stdout(), "{line}")?)
}
