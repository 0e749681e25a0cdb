//! `atoll serve`: runs the server.
use std::{
    io::{self, ErrorKind, Write, stdout},
    net::{IpAddr, SocketAddr},
};

use actix_web::dev::ServerHandle;
use anyhow::anyhow;
use kernel::{Error, error::ReadOnly, mode};
use secrecy::{ExposeSecret, SecretString};
use service::identity;
use web::settings::ServerSettings;

use super::{
    context::{Opened, Operator, program},
    explain::explain,
};
use crate::{
    config::{Inputs, Profile, Setting},
    jobs::{self, JobMetrics},
    metrics::{Listener, Metrics},
    server,
    site::Site,
};

/// Options that set a value for this run.
#[derive(Debug, Default, clap::Args)]
pub struct Serve {
    /// TCP port to listen on, instead of server.port; with 0 the system chooses a free one
    #[arg(long, value_name = "N")]
    port: Option<u16>,
    /// IP address to listen on, instead of server.host; 0.0.0.0 or :: for all interfaces
    #[arg(long, value_name = "ADDRESS")]
    host: Option<IpAddr>,
    /// Database, instead of `database.url`: `sqlite://FILE` or `postgres://…`; other users of this machine can see a password here, but
    /// not in `DATABASE_URL`
    #[arg(long, value_name = "URL")]
    database: Option<String>,
}

impl Serve {
    pub async fn run(self, mut inputs: Inputs) -> anyhow::Result<()> {
        let settings = [
            (
                "--port",
                "server.port",
                self.port.map(|port| port.to_string()),
            ),
            (
                "--host",
                "server.host",
                self.host.map(|host| host.to_string()),
            ),
            ("--database", "database.url", self.database),
        ];
        let given = settings.into_iter().filter_map(|(option, key, text)| {
            let text = text?;
            Some(Setting { option, key, text })
        });
        inputs.options.extend(given);
        let (operator, traces) = Operator::start_server(&inputs)?;
        let served = serve(&operator).await;
        if let Some(traces) = traces {
            traces.stop();
        }
        served
    }
}

async fn serve(operator: &Operator) -> anyhow::Result<()> {
    for risk in operator.configuration.risks(&operator.settings) {
        tracing::warn!("{risk}");
    }
    let server = &operator.settings.server;
    let opened = operator.open_or_create().await?;
    let about_database = about_database(operator, &opened);
    let kernel = opened.kernel;
    let database = kernel.database.clone();
    let is_read_only = server.mode.is_read_only();
    database.set_read_only(ReadOnly::Configured, is_read_only);
    mode::load(&kernel).await.map_err(explain)?;
    let first_run = unless_read_only(identity::create_first_run_token(&kernel).await)?.flatten();
    let service = kernel.clone();
    let job_metrics = JobMetrics::default();
    jobs::start(&kernel, &operator.settings.jobs, &job_metrics);
    make_backups(operator, &job_metrics)?;
    jobs::check_file(&kernel, operator.settings.database.check);
    let site = Site::of(operator.profile(), &operator.settings);
    let on_ready = |address, metrics: Option<SocketAddr>| {
        // The server runs even if standard output is closed.
        let _ = banner(
            &mut stdout(),
            (&base_url(server, address), site),
            (&about_database, metrics),
            first_run.as_ref(),
        );
    };
    let running = server::bind(&operator.settings.http(), kernel, site)
        .map_err(|error| explain_bind(error, server))?;
    let metrics = Metrics::new(service.clone(), &running, &job_metrics);
    let metrics = listen_for_scrapes(operator, metrics)?;
    running.stop_on_signals()?;
    running.switch_mode_on_signals()?;
    on_ready(
        running.address,
        metrics.as_ref().map(|(address, _)| *address),
    );
    running.run().await?;
    if let Some((_, metrics)) = metrics {
        metrics.stop(false).await;
    }
    if let Some(token) = &first_run {
        unless_read_only(identity::revoke_first_run_token(&service, token).await)?;
    }
    database.close().await.map_err(explain)?;
    tracing::info!("stopped");
    Ok(())
}

/// Starts the schedule of backups, if there is one and the database can be backed up.
fn make_backups(operator: &Operator, metrics: &JobMetrics) -> anyhow::Result<()> {
    let settings = &operator.settings;
    let Some(schedule) = settings.backup.schedule.schedule() else {
        return Ok(());
    };
    if settings.database.is_in_memory() {
        tracing::warn!(
            "no backups are made: backup.schedule.every is set, but the database is in memory"
        );
        return Ok(());
    }
    let options = (settings.backup.recipients.clone(), settings.backup.rule());
    jobs::make_backups(settings.backups(None)?, schedule, options, metrics)?;
    Ok(())
}

/// Returns `None` for a write that was refused in read-only mode.
fn unless_read_only<T>(written: kernel::Result<T>) -> anyhow::Result<Option<T>> {
    match written {
        Err(Error::ReadOnly(_)) => Ok(None),
        written => written.map(Some).map_err(explain),
    }
}

/// Serves `/metrics` in the background, unless it is turned off. In development the server also runs without it, because
/// several servers may run on one machine.
fn listen_for_scrapes(
    operator: &Operator,
    metrics: Metrics,
) -> anyhow::Result<Option<(SocketAddr, ServerHandle)>> {
    let Some(address) = operator.settings.metrics.address() else {
        return Ok(None);
    };
    match Listener::bind(address, metrics) {
        Ok(listener) => {
            let address = listener.address;
            tracing::info!("metrics: http://{address}/metrics");
            Ok(Some((address, listener.start())))
        }
        Err(error) if operator.profile() == Profile::Development => {
            tracing::info!(
                "no metrics: cannot listen on {address}, the value of metrics.listen: {error}"
            );
            Ok(None)
        }
        Err(error) => {
            let advice =
                "set metrics.listen (ATOLL__METRICS__LISTEN) to another address, or to \"off\"";
            let context = format!("cannot listen on {address} for metrics; {advice}");
            Err(anyhow::Error::new(error).context(context))
        }
    }
}

/// Says where the database is, and what was done to it.
fn about_database(operator: &Operator, opened: &Opened) -> String {
    let place = operator.database();
    let place = if operator.settings.database.is_in_memory() {
        format!("{place}, which is lost when the server stops")
    } else {
        place
    };
    let created = if opened.is_new { "created " } else { "" };
    match opened.applied {
        0 => format!("{created}{place}"),
        1 => format!("{created}{place}, applied 1 migration"),
        applied => format!("{created}{place}, applied {applied} migrations"),
    }
}

/// Names the setting that must change before the server can listen.
fn explain_bind(error: io::Error, server: &ServerSettings) -> anyhow::Error {
    const PORT: &str = "server.port (ATOLL__SERVER__PORT, or --port)";
    let address = SocketAddr::from((server.host, server.port));
    match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "cannot listen on {address}: another program uses this port. Stop it, or set {PORT} to another port"
        ),
        ErrorKind::PermissionDenied => anyhow!(
            "cannot listen on {address}: this user may not use this port. Set {PORT} to a port from 1024"
        ),
        ErrorKind::AddrNotAvailable => anyhow!(
            "cannot listen on {address}: this machine does not have this address. Set server.host (ATOLL__SERVER__HOST, or \
             --host) to one that it has"
        ),
        _ => anyhow::Error::new(error).context(format!("cannot serve on {address}")),
    }
}

/// Returns the link with which an invited user creates their account. The token is after the `#`, so that it is not sent to the
/// server and not logged.
pub fn welcome_link(base: &str, token: &SecretString) -> String {
    format!("{base}/welcome#token={}", token.expose_secret())
}

/// Returns the URL of the server: the public one, or else one that works on this machine.
pub fn base_url(settings: &ServerSettings, address: SocketAddr) -> String {
    match &settings.public_url {
        Some(url) => url.clone(),
        None if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
        None => format!("http://{address}"),
    }
}

fn banner(
    out: &mut impl Write,
    (base, site): (&str, Site),
    (database, metrics): (&str, Option<SocketAddr>),
    first_run: Option<&SecretString>,
) -> std::io::Result<()> {
    writeln!(out, "Atoll is ready: {base}\n")?;
    if site.has_admin {
        writeln!(out, "  {base}/admin/        admin")?;
    }
    writeln!(out, "  {base}/api/v1/posts  published posts")?;
    writeln!(out, "  {base}/docs          API documentation")?;
    writeln!(out, "  {base}/readyz        readiness")?;
    if let Some(address) = metrics {
        writeln!(out, "  http://{address}/metrics  metrics")?;
    }
    writeln!(out, "\nDatabase: {database}")?;
    if let Some(token) = first_run {
        writeln!(out, "\nNo superuser exists yet. Create one at")?;
        writeln!(out, "  {}", welcome_link(base, token))?;
        writeln!(
            out,
            "within 30 minutes, or with\n  {} user create --username NAME --email ADDRESS --superuser",
            program()
        )?;
    }
    writeln!(out)?;
    out.flush()
}
