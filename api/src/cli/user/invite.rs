//! `atoll user invite`: prints an invitation link.
use std::net::SocketAddr;

use kernel::Session;
use service::identity::{self, Invitation};

use web::settings::ServerSettings;

use crate::cli::{
    context::say,
    explain::explain,
    serve::{base_url, welcome_link},
};

#[derive(Debug, clap::Args)]
pub struct Invite {
    /// E-mail address that the account must have
    #[arg(long)]
    email: Option<String>,
    /// Give all permissions
    #[arg(long)]
    superuser: bool,
}

impl Invite {
    pub async fn run(self, session: &Session, server: &ServerSettings) -> anyhow::Result<()> {
        let invitation = Invitation {
            is_superuser: self.superuser,
            email: self.email.map(|email| email.trim().to_owned()),
        };
        let token = identity::invite(session, &invitation).await;
        let token = token.map_err(explain)?;
        let address = SocketAddr::from((server.host, server.port));
        say(welcome_link(&base_url(server, address), &token))
    }
}
