//! `atoll serve`: runs the server.
use std::{
    io::{Write, stdout},
    net::SocketAddr,
};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use service::identity;
use web::settings::ServerSettings;

use super::{context::Operator, explain::explain};
use crate::{jobs, server};

pub async fn run() -> anyhow::Result<()> {
    let operator = Operator::start()?;
    let server = &operator.settings.server;
    let kernel = operator.kernel().await?;
    let database = kernel.database.clone();
    let first_run = identity::create_first_run_token(&kernel)
        .await
        .map_err(explain)?;
    let service = kernel.clone();
    jobs::start(&kernel, &operator.settings.jobs);
    jobs::check_file(&kernel, operator.settings.database.check);
    let on_ready = |address| {
        // The server runs even if standard output is closed.
        let _ = banner(
            &mut stdout(),
            &base_url(server, address),
            first_run.as_ref(),
        );
    };
    let serving = async {
        let server = server::bind(&operator.settings.http(), kernel, operator.profile)?;
        server.stop_on_signals()?;
        on_ready(server.address);
        server.run().await
    };
    let address = || format!("serving on {}:{}", server.host, server.port);
    serving.await.with_context(address)?;
    if let Some(token) = &first_run {
        identity::revoke_first_run_token(&service, token)
            .await
            .map_err(explain)?;
    }
    database.close().await.map_err(explain)
}

/// Returns the link with which an invited user creates their account. The token is behind `#`, so that it is not sent to the
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
    base: &str,
    first_run: Option<&SecretString>,
) -> std::io::Result<()> {
    writeln!(out, "Atoll is ready: {base}\n")?;
    writeln!(out, "  {base}/api/v1/posts  published posts")?;
    writeln!(out, "  {base}/docs          API documentation")?;
    writeln!(out, "  {base}/readyz        readiness")?;
    if let Some(token) = first_run {
        writeln!(out, "\nNo superuser exists yet. Create one at")?;
        writeln!(out, "  {}", welcome_link(base, token))?;
        writeln!(
            out,
            "within 30 minutes, or with\n  atoll user create --username NAME --email ADDRESS --superuser"
        )?;
    }
    writeln!(out)?;
    out.flush()
}
