//! `atoll user role`: gives roles to a user and takes them away.
use kernel::{CrudOperations, Session};
use service::{
    Users,
    roles::{assign, by_name, unassign},
};

use super::{Named, find};
use crate::cli::{context::say, explain::explain};

#[derive(Debug, clap::Args)]
pub struct Role {
    #[command(flatten)]
    user: Named,
    /// Role to add; may be repeated
    #[arg(long, value_name = "ROLE")]
    add: Vec<String>,
    /// Role to remove; may be repeated
    #[arg(long, value_name = "ROLE")]
    remove: Vec<String>,
}

impl Role {
    pub async fn run(self, session: &Session) -> anyhow::Result<()> {
        let Self { user, add, remove } = self;
        let Named { username } = user;
        let user = find(session, &username).await?;
        session
            .write(async |tx| {
                for name in &add {
                    assign(tx, user, by_name(tx, name).await?.id).await?;
                }
                for name in &remove {
                    unassign(tx, user, by_name(tx, name).await?.id).await?;
                }
                Ok(())
            })
            .await
            .map_err(explain)?;
        let shown = Users::visible_row(session, user).await.map_err(explain)?;
        let roles = shown
            .row
            .private
            .map_or_else(Vec::new, |private| private.roles);
        if roles.is_empty() {
            return say(format_args!("{username} has no roles."));
        }
        say(format_args!(
            "{username} has the roles {}.",
            roles.join(", ")
        ))
    }
}
