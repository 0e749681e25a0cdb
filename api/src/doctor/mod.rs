//! `atoll doctor` and `GET /system/doctor`: the checks of the configuration and of the disk, and those of the service.
mod backups;
mod disk;
mod route;

use kernel::Kernel;
use service::{
    doctor::{Check, Expected, Status, examine},
    mail::Transport,
};

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
    let risks = configuration.all_risks(settings);
    if risks.is_empty() {
        return vec![Check::ok("configuration", "no setting is risky")];
    }
    let is_production = configuration.is_production();
    let check = |(key, risk): &(&'static str, &'static str)| {
        let (found, advice) = risk.split_once(": ").unwrap_or((risk, ""));
        let found = format!("{key} {found}");
        if is_production {
            Check::warning("configuration", found, advice)
        } else {
            Check::note(
                "configuration",
                format!("{found} (a warning in production)"),
            )
        }
    };
    risks.iter().map(check).collect()
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
