//! `atoll doctor`: examines the installation.
use std::{io::stdout, process::ExitCode};

use kernel::{Database, error::ReadOnly};
use serde_json::json;
use service::doctor::{Check, Status};

use super::{
    context::{Operator, say},
    explain::explain,
};
use crate::{
    config::{Configuration, Inputs},
    doctor::{Examined, worst},
    telemetry,
};

#[derive(Debug, clap::Args)]
pub struct Doctor {
    /// Print JSON instead of a table
    #[arg(long)]
    json: bool,
}

impl Doctor {
    /// Exits with 0 if nothing must be done, 1 after a warning and 2 after an error, as plugins of monitoring systems do.
    pub async fn run(self, inputs: &Inputs) -> anyhow::Result<ExitCode> {
        let checks = examine(inputs).await;
        let status = worst(&checks);
        if self.json {
            say(json!({ "status": status, "checks": checks }))?;
        } else {
            print(&checks)?;
        }
        Ok(match status {
            Status::Ok | Status::Note => ExitCode::SUCCESS,
            Status::Warning => ExitCode::from(1),
            Status::Error => ExitCode::from(2),
        })
    }
}

/// Goes as far as it can: an invalid configuration and a database that is away are findings.
async fn examine(inputs: &Inputs) -> Vec<Check> {
    let read = Configuration::read(inputs).and_then(|configuration| {
        let settings = configuration.settings()?;
        telemetry::start(&settings.log)?;
        Ok((configuration, settings))
    });
    let (configuration, settings) = match read {
        Ok(read) => read,
        Err(error) => {
            let advice = "correct the settings; `atoll config show` prints where each comes from";
            return vec![Check::error("configuration", format!("{error:#}"), advice)];
        }
    };
    let examined = Examined::new(&configuration, &settings);
    let operator = Operator {
        configuration,
        settings,
    };
    match connect(&operator).await {
        Ok(kernel) => {
            let checks = examined.run(&kernel).await;
            // Everything has been read.
            let _ = kernel.database.close().await;
            checks
        }
        Err(error) => {
            let mut checks = examined.without_database().await;
            let advice = "start the database, correct database.url, or create the database with `atoll migrate up`";
            checks.push(Check::error("database", format!("{error:#}"), advice));
            checks
        }
    }
}

/// Connects without changing or requiring anything of the schema.
async fn connect(operator: &Operator) -> anyhow::Result<kernel::Kernel> {
    let settings = &operator.settings;
    if !settings.database.is_in_memory() {
        operator.require_file()?;
    }
    let database = Database::connect(&settings.database, None)
        .await
        .map_err(explain)?;
    database.check_file(settings.database.check).await;
    database.set_read_only(ReadOnly::Configured, settings.server.mode.is_read_only());
    Ok(service::start(database, settings.service()?))
}

fn print(checks: &[Check]) -> anyhow::Result<()> {
    let width = checks
        .iter()
        .map(|check| check.name.len())
        .max()
        .unwrap_or_default();
    for Check {
        name,
        status,
        found,
        advice,
    } in checks
    {
        let status = match status {
            Status::Ok => "ok",
            Status::Note => "note",
            Status::Warning => "WARNING",
            Status::Error => "ERROR",
        };
        say(format_args!("{status:7}  {name:width$}  {found}"))?;
        if let Some(advice) = advice {
            say(format_args!("{:7}  {:width$}  -> {advice}", "", ""))?;
        }
    }
    let count = |wanted| checks.iter().filter(|check| check.status == wanted).count();
    let (warnings, errors) = (count(Status::Warning), count(Status::Error));
    say(format_args!(
        "\n{} checks: {errors} errors, {warnings} warnings",
        checks.len()
    ))?;
    std::io::Write::flush(&mut stdout())?;
    Ok(())
}
