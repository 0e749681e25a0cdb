//! `atoll user delete`: deletes a user and what they own.
use anyhow::Context;
use kernel::{CrudOperations, Session};
use service::Users;

use super::{Named, find};
use crate::cli::{
    context::{Operator, say},
    explain::explain,
};

#[derive(Debug, clap::Args)]
pub struct Delete {
    #[command(flatten)]
    user: Named,
    /// Do not ask for confirmation
    #[arg(long)]
    yes: bool,
}

impl Delete {
    pub async fn run(self, session: &Session, operator: &Operator) -> anyhow::Result<()> {
        let Named { username } = self.user;
        let user = find(session, &username).await?;
        let owned = Users::impact(session, user).await.map_err(explain)?;
        let owned = owned
            .rows
            .iter()
            .map(|(table, rows)| format!("{rows} {table}"));
        let owned: Vec<_> = owned.collect();
        let what = match owned.as_slice() {
            [] => username.clone(),
            owned => format!("{username} with {}", owned.join(", ")),
        };
        operator.ask(self.yes, &format!("This deletes the user {what}."))?;
        session
            .write(async |tx| Users::delete(tx, user).await)
            .await
            .map_err(explain)
            .with_context(|| username.clone())?;
        say(format_args!("Deleted the user {what}."))
    }
}
