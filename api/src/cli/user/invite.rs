//! `atoll user invite`
use std::net::SocketAddr;

use service::{
    Session,
    auth::{self, Invitation},
};

use crate::{
    cli::{
        context::say,
        explain::explain,
        serve::{base, welcome},
    },
    settings::ServerSettings,
};

#[derive(Debug, clap::Args)]
pub struct Invite {
    /// The account will have this address, and no other
    #[arg(long)]
    email: Option<String>,
    /// May do everything
    #[arg(long)]
    superuser: bool,
}

impl Invite {
    pub async fn run(self, session: &Session, server: &ServerSettings) -> anyhow::Result<()> {
        let invitation = Invitation {
            is_superuser: self.superuser,
            email: self.email.map(|email| email.trim().to_owned()),
        };
        let token = auth::invite(session, &invitation).await;
        let token = token.map_err(explain)?;
        let address = SocketAddr::from((server.host, server.port));
        say(welcome(&base(server, address), &token))
    }
}
