//! `atoll user`: manages users.
mod delete;
mod find;
mod invite;
mod list;
mod password;
mod role;

pub use find::find;
pub use password::read as read_password;

use anyhow::Context;
use kernel::{Crud, CrudOperations, Session, input::check};
use service::{
    Users,
    identity::{end_totp_for_user, set_password},
    users::{NewUser, UserPatch},
};

use super::{
    context::{Operator, say},
    explain::explain,
};
use crate::config::Inputs;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create a user; the password is prompted for or read from standard input
    Create(Create),
    /// Print a link, valid for 30 minutes, that lets a person create their own account
    Invite(invite::Invite),
    /// Set a user's password, prompted for or read from standard input, and end their sessions and their wait after failed sign-ins
    Password(Named),
    /// List all users
    List(list::List),
    /// Make a user a superuser, who has every permission
    Promote(Named),
    /// Take the superuser's permissions from a user
    Demote(Named),
    /// Add and remove roles of a user, then print the roles
    Role(role::Role),
    /// Delete a user with everything that they own; it can be restored until `soft_delete.retention` has passed
    Delete(delete::Delete),
    /// Disable the second factor of a user who lost it and its recovery codes
    TotpOff(Named),
    /// Reactivate a user
    Activate(Named),
    /// Deactivate a user: they cannot sign in, and their sessions end
    Deactivate(Named),
}

#[derive(Debug, clap::Args)]
pub struct Create {
    /// 3 to 50 letters, digits, dots, hyphens and underscores
    #[arg(long)]
    username: String,
    /// E-mail address, which no other user has
    #[arg(long)]
    email: String,
    /// Give all permissions
    #[arg(long)]
    superuser: bool,
}

#[derive(Debug, clap::Args)]
pub struct Named {
    /// Username (case-insensitive)
    #[arg(value_name = "NAME")]
    username: String,
}

impl Command {
    pub async fn run(self, inputs: &Inputs) -> anyhow::Result<()> {
        let operator = Operator::start(inputs)?;
        let session = operator.session().await?;
        let done = Box::pin(self.run_in(&session, &operator)).await;
        session.kernel.database.close().await.map_err(explain)?;
        done
    }

    async fn run_in(self, session: &Session, operator: &Operator) -> anyhow::Result<()> {
        match self {
            Self::Create(create) => create.run(session).await,
            Self::Invite(invite) => invite.run(session, &operator.settings.server).await,
            Self::List(list) => list.run(session).await,
            Self::Role(role) => role.run(session).await,
            Self::Delete(delete) => Box::pin(delete.run(session, operator)).await,
            Self::Password(Named { username }) => {
                find(session, &username).await?;
                let set = set_password(session, &username, password::read()?).await;
                set.map_err(explain)?;
                say(format_args!(
                    "Password of {username} changed; all their sessions have ended, and so has the wait after failed sign-ins."
                ))
            }
            Self::TotpOff(Named { username }) => {
                find(session, &username).await?;
                let done = end_totp_for_user(session, &username).await;
                done.map_err(explain).with_context(|| username.clone())?;
                say(format_args!(
                    "Second factor of {username} disabled; they sign in with the password alone."
                ))
            }
            Self::Activate(named) => Box::pin(named.update(session, active(true), "active")).await,
            Self::Deactivate(named) => {
                let state = "inactive: they cannot sign in";
                Box::pin(named.update(session, active(false), state)).await
            }
            Self::Promote(named) => {
                let state = "a superuser";
                Box::pin(named.update(session, superuser(true), state)).await
            }
            Self::Demote(named) => {
                let state = "an ordinary user";
                Box::pin(named.update(session, superuser(false), state)).await
            }
        }
    }
}

impl Create {
    async fn run(self, session: &Session) -> anyhow::Result<()> {
        let mut new = NewUser {
            username: self.username.trim().to_owned(),
            email: self.email.trim().to_owned(),
            password: password::read()?,
            is_superuser: Some(self.superuser),
            ..NewUser::default()
        };
        check(&new).map_err(explain)?;
        Users::prepare(session, &mut new).await.map_err(explain)?;
        let created = session
            .write(async |tx| Users::create(tx, &new).await)
            .await
            .map_err(explain)?;
        let what = if self.superuser { "superuser" } else { "user" };
        say(format_args!(
            "Created {what} {} with id {}.",
            new.username, created.id
        ))
    }
}

fn active(is_active: bool) -> UserPatch {
    UserPatch {
        is_active: Some(is_active),
        ..UserPatch::default()
    }
}

fn superuser(is_superuser: bool) -> UserPatch {
    UserPatch {
        is_superuser: Some(is_superuser),
        ..UserPatch::default()
    }
}

impl Named {
    async fn update(self, session: &Session, patch: UserPatch, state: &str) -> anyhow::Result<()> {
        let Self { username } = self;
        let user = find(session, &username).await?;
        let done = session
            .write(async |tx| Users::update(tx, user, &patch).await)
            .await;
        done.map_err(explain).with_context(|| username.clone())?;
        say(format_args!("{username} is now {state}."))
    }
}
