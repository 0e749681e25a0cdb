//! `atoll doctor` and `GET /system/doctor`: the checks of the configuration and of the disk, and those of the service.
mod backups;
mod disk;
mod route;

use kernel::Kernel;
use service::{
    doctor::{Check, Expected, Status, examine},
    mail::Transport,
};

pub use backups::{Newest, newest_backup};
pub use route::routes;

use crate::config::{Configuration, Settings};

/// The findings about the configuration of this process. The kernel of a server holds it.
#[derive(Debug, Clone)]
pub struct Examined {
    /// The findings in the configuration, which does not change while the process runs.
    configuration: Vec<Check>,
    settings: Settings,
}

impl Examined {
    pub fn new(configuration: &Configuration, settings: &Settings) -> Self {
        let mut checks = configuration_checks(configuration, settings);
        checks.push(proxies(settings));
        Self {
            configuration: checks,
            settings: settings.clone(),
        }
    }

    /// Returns the findings that need no database.
    pub async fn without_database(&self) -> Vec<Check> {
        let mut checks = self.configuration.clone();
        checks.extend(disk::check(&self.settings.database));
        checks.extend(backups::check(&self.settings).await);
        checks
    }

    /// Returns the settings of this process.
    pub fn settings(&self) -> &Settings {
        &self.settings
    }

    fn expected(&self) -> Expected {
        Expected {
            max_connections: self.settings.database.max_connections,
            sends_mail: self.settings.mail.transport != Transport::None,
        }
    }

    /// Runs all checks.
    pub async fn run(&self, kernel: &Kernel) -> Vec<Check> {
        let mut checks = self.without_database().await;
        checks.extend(examine(kernel, self.expected()).await);
        checks
    }
}

/// Returns the worst status.
pub fn worst(checks: &[Check]) -> Status {
    checks
        .iter()
        .map(|check| check.status)
        .max()
        .unwrap_or_default()
}

/// Risky settings are warnings in production and notes elsewhere.
fn configuration_checks(configuration: &Configuration, settings: &Settings) -> Vec<Check> {
    const NAME: &str = "configuration";
    let is_production = configuration.is_production();
    let risk = |(key, risk): (&'static str, &'static str)| {
        let (found, advice) = risk.split_once(": ").unwrap_or((risk, ""));
        let found = format!("{key} {found}");
        if is_production {
            Check::warning(NAME, found, advice)
        } else {
            Check::note(NAME, format!("{found} (a warning in production)"))
        }
    };
    let note =
        |(key, note): (&'static str, &'static str)| Check::note(NAME, format!("{key} {note}"));
    let risks = configuration.all_risks(settings).into_iter().map(risk);
    let notes = configuration.notes(settings).into_iter().map(note);
    let mut checks: Vec<_> = risks.chain(notes).collect();
    if checks.is_empty() {
        checks.push(Check::ok(NAME, "no setting is risky"));
    }
    checks
}

/// Behind a proxy without a name, all clients share one rate limit.
fn proxies(settings: &Settings) -> Check {
    let server = &settings.server;
    let is_behind_one = server
        .public_url
        .as_deref()
        .is_some_and(|url| url.starts_with("https://"));
    if is_behind_one && server.trusted_proxies.is_empty() {
        return Check::warning(
            "proxies",
            "server.public_url begins with https://, so a proxy is in front, and server.trusted_proxies names none",
            "name it (ATOLL__SERVER__TRUSTED_PROXIES=10.0.0.0/8): without it all clients count as one address",
        );
    }
    Check::ok("proxies", "clients are told apart by their addresses")
}
