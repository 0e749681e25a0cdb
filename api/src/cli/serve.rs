//! `atoll serve`
use std::{
    io::{Write, stdout},
    net::SocketAddr,
};

use anyhow::Context;
use secrecy::{ExposeSecret, SecretString};
use service::auth;

use super::{context::Operator, explain::explain};
use crate::{jobs, server, settings::ServerSettings};

pub async fn run() -> anyhow::Result<()> {
    let operator = Operator::start()?;
    let server = &operator.settings.server;
    let atoll = operator.atoll().await?;
    let database = atoll.database.clone();
    let first_run = auth::create_first_run_token(&atoll)
        .await
        .map_err(explain)?;
    let service = atoll.clone();
    jobs::start(&atoll, &operator.settings.jobs);
    jobs::check_file(&atoll, operator.settings.database.check);
    let on_ready = |address| {
        // Nobody may be reading; the server is there all the same.
        let _ = banner(&mut stdout(), &base(server, address), first_run.as_ref());
    };
    server::run(&operator.settings.http(), atoll, on_ready)
        .await
        .with_context(|| format!("serving on {}:{}", server.host, server.port))?;
    if let Some(token) = &first_run {
        auth::revoke_first_run_token(&service, token)
            .await
            .map_err(explain)?;
    }
    database.close().await.map_err(explain)
}

/// Where somebody who was invited makes their account. Behind the `#` nothing of it is sent, and so nothing logged.
pub fn welcome(base: &str, token: &SecretString) -> String {
    format!("{base}/welcome#token={}", token.expose_secret())
}

/// What to type into a browser on this machine.
pub fn base(settings: &ServerSettings, address: SocketAddr) -> String {
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
    writeln!(
        out,
        "  {base}/docs          what can be asked for, to read and to try"
    )?;
    writeln!(
        out,
        "  {base}/readyz        whether it can work: the database answers"
    )?;
    if let Some(token) = first_run {
        writeln!(
            out,
            "\nNobody may do everything yet. Make the first superuser at"
        )?;
        writeln!(out, "  {}", welcome(base, token))?;
        writeln!(
            out,
            "within 30 minutes, or with\n  atoll user create --username NAME --email ADDRESS --superuser"
        )?;
    }
    writeln!(out)?;
    out.flush()
}
