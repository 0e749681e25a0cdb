//! What commands have in common: settings, logs, the database and confirmations.
use std::{
    env,
    io::{IsTerminal, Write, stderr, stdin, stdout},
};

use anyhow::{Context, bail, ensure};
use kernel::{Actor, Database, Kernel, Session};
use service::{MIGRATOR, registry};

use super::explain::explain;
use crate::{
    config::{Configuration, Inputs, Profile, Settings, place},
    doctor::Examined,
    telemetry::{self, Traces},
};

pub struct Operator {
    pub configuration: Configuration,
    pub settings: Settings,
}

/// A database that is connected and has an up-to-date schema.
pub struct Opened {
    pub kernel: Kernel,
    /// True if its file was absent.
    pub is_new: bool,
    /// The number of migrations that were applied.
    pub applied: usize,
}

impl Operator {
    /// Reads the configuration and starts the logs.
    pub fn start(inputs: &Inputs) -> anyhow::Result<Self> {
        let operator = Self::read(inputs)?;
        telemetry::start(&operator.settings.log)?;
        operator.warn();
        Ok(operator)
    }

    /// Does the same for the server, and starts the traces if a collector is set.
    pub fn start_server(inputs: &Inputs) -> anyhow::Result<(Self, Option<Traces>)> {
        let operator = Self::read(inputs)?;
        let Settings { log, otlp, .. } = &operator.settings;
        let traces = telemetry::start_traced(log, otlp)?;
        operator.warn();
        Ok((operator, traces))
    }

    fn read(inputs: &Inputs) -> anyhow::Result<Self> {
        let configuration = Configuration::read(inputs)?;
        let settings = configuration.settings()?;
        Ok(Self {
            configuration,
            settings,
        })
    }

    fn warn(&self) {
        for warning in &self.configuration.warnings {
            tracing::warn!("{warning}");
        }
    }

    pub fn profile(&self) -> Profile {
        self.configuration.profile
    }

    /// Connects the service to a database that already has tables. Applies pending migrations if `database.migrate` is set;
    /// otherwise fails if any are pending.
    pub async fn kernel(&self) -> anyhow::Result<Kernel> {
        if !self.settings.database.is_in_memory() {
            self.require_file()?;
        }
        Ok(self.open(false).await?.kernel)
    }

    /// Does the same for the server, which may create the file and the tables if `database.migrate` is set.
    pub async fn open_or_create(&self) -> anyhow::Result<Opened> {
        if !self.settings.database.migrate {
            self.require_file()?;
        }
        self.open(true).await
    }

    /// Tells whether the database is a file that does not exist yet.
    pub fn is_absent(&self) -> bool {
        let file = self.settings.database.file();
        file.is_some_and(|file| !file.exists())
    }

    /// Fails if the database is a file that does not exist.
    pub fn require_file(&self) -> anyhow::Result<()> {
        ensure!(
            !self.is_absent(),
            "there is no database at {}; create it{}",
            self.database(),
            self.remedy()
        );
        Ok(())
    }

    /// Says how a database or its tables are created, and which setting names it.
    fn remedy(&self) -> String {
        let atoll = program();
        let origin = self.configuration.origin("database.url");
        format!(
            " with `{atoll} migrate up`{}, or name another database with database.url (ATOLL__DATABASE__URL), which is currently set by {}",
            if self.settings.database.migrate {
                format!(" or `{atoll} serve`")
            } else {
                String::new()
            },
            origin.unwrap_or("default.toml")
        )
    }

    async fn open(&self, is_server: bool) -> anyhow::Result<Opened> {
        registry().check().map_err(explain)?;
        let is_new = self.is_absent();
        let database = Database::connect(&self.settings.database, None)
            .await
            .map_err(explain)
            .with_context(|| format!("connecting to {}", self.database()))?;
        let applied = self.update_schema(&database, is_server).await?;
        let database = match &self.settings.server.secret {
            Some(secret) => database.with_secret(secret),
            None => database,
        };
        Ok(Opened {
            kernel: service::start(database, self.settings.service()?)
                .with(Examined::new(&self.configuration, &self.settings)),
            is_new,
            applied,
        })
    }

    /// Returns a session that acts as the system.
    pub async fn session(&self) -> anyhow::Result<Session> {
        Ok(self.kernel().await?.session(Actor::System))
    }

    /// Describes where the database is, for messages.
    pub fn database(&self) -> String {
        place(&self.settings.database)
    }

    /// Applies pending migrations and returns their number. Only a server makes the first tables.
    async fn update_schema(&self, database: &Database, is_server: bool) -> anyhow::Result<usize> {
        let settings = &self.settings.database;
        let all = database.migrations(MIGRATOR).history().await;
        let all = all.map_err(explain).context("checking the schema")?;
        if let Some(newer) = all.iter().rfind(|step| !step.is_known) {
            tracing::warn!(
                migration = newer.name,
                "a newer release has migrated the database; this one works with it, but finish the upgrade"
            );
        }
        let pending = all.iter().filter(|step| step.applied_at.is_none()).count();
        if pending == 0 {
            return Ok(0);
        }
        let is_empty = pending == all.len();
        let name = self.database();
        let is_read_only = self.settings.server.mode.is_read_only();
        let may_create = is_server && settings.migrate && !is_read_only || settings.is_in_memory();
        ensure!(
            !is_empty || may_create,
            "the database {name} is empty; create its tables{}",
            self.remedy()
        );
        let may_migrate = settings.migrate && !(is_server && is_read_only);
        ensure!(
            may_migrate,
            "the schema of {name} is outdated ({} pending migrations); run `{} migrate up`",
            pending,
            program()
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
        Ok(pending)
    }

    /// Asks before an operation that loses data, and refuses it in production unless it is forced.
    pub fn confirm(&self, consent: &Consent, warning: &str) -> anyhow::Result<()> {
        let profile = self.profile();
        ensure!(
            consent.force || profile != Profile::Production,
            "refusing to do this in the {profile} profile; pass --force to do it anyway. {warning}"
        );
        self.ask(consent.yes, warning)
    }

    /// Asks whether to go on, unless the operator has said so already.
    pub fn ask(&self, is_confirmed: bool, warning: &str) -> anyhow::Result<()> {
        if is_confirmed {
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

/// Returns how the operator invokes the program: `cargo run --` if Cargo started it (Cargo sets this variable), else `atoll`.
pub fn program() -> &'static str {
    if env::var_os("CARGO_PKG_NAME").is_some() {
        "cargo run --"
    } else {
        "atoll"
    }
}

/// Prints a line to standard output. Fails if the reader has closed it.
pub fn say(line: impl std::fmt::Display) -> anyhow::Result<()> {
    Ok(writeln!(stdout(), "{line}")?)
}
