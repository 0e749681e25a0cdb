//! `atoll serve`
use std::{
    io::{Write, stdout},
    net::SocketAddr,
};

use anyhow::Context;
use service::{Actor, Atoll, Crud, Users, query::ListQuery};

use super::{context::Operator, explain::explain};
use crate::{jobs, server, settings::ServerSettings};

pub async fn run() -> anyhow::Result<()> {
    let operator = Operator::start()?;
    let server = &operator.settings.server;
    let atoll = operator.atoll().await?;
    let database = atoll.database.clone();
    let has_superuser = has_superuser(&atoll).await?;
    jobs::start(&atoll, &operator.settings.jobs);
    let on_ready = |address| {
        // Nobody may be reading; the server is there all the same.
        let _ = banner(&mut stdout(), &base(server, address), has_superuser);
    };
    server::run(&operator.settings.http(), atoll, on_ready)
        .await
        .with_context(|| format!("serving on {}:{}", server.host, server.port))?;
    database.close().await.map_err(explain)
}

async fn has_superuser(atoll: &Atoll) -> anyhow::Result<bool> {
    let who = [
        ("is_superuser", "true"),
        ("is_active", "true"),
        ("limit", "1"),
    ];
    let query = ListQuery::<Users>::parse(who).map_err(explain)?;
    let page = Users::list(&atoll.session(Actor::System), &query)
        .await
        .map_err(explain)?;
    Ok(!page.rows.is_empty())
}

/// What to type into a browser on this machine.
fn base(settings: &ServerSettings, address: SocketAddr) -> String {
    match &settings.public_url {
        Some(url) => url.clone(),
        None if address.ip().is_unspecified() => format!("http://localhost:{}", address.port()),
        None => format!("http://{address}"),
    }
}

fn banner(out: &mut impl Write, base: &str, has_superuser: bool) -> std::io::Result<()> {
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
    if !has_superuser {
        writeln!(
            out,
            "\nNobody may do everything yet. Make the first superuser with"
        )?;
        writeln!(
            out,
            "  atoll user create --username NAME --email ADDRESS --superuser"
        )?;
    }
    writeln!(out)?;
    out.flush()
}
