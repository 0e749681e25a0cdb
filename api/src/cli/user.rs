//! `atoll user`: manages users.
mod invite;
mod list;
mod password;

use anyhow::Context;
use kernel::{Crud, CrudOperations, Session, input::check};
use service::{
    Users,
    identity::{end_totp_for_user, set_password},
    users::{NewUser, UserPatch, by_username},
};

use super::{
    context::{Operator, say},
    explain::explain,
};
use web::settings::ServerSettings;

#[derive(Debug, clap::Subcommand)]
pub enum Command {
    /// Create a user; the password is prompted for or read from standard input
    Create(Create),
    /// Print a link, valid for 30 minutes, that lets a person create their own account
    Invite(invite::Invite),
    /// Set a user's password, prompted for or read from standard input, and end their sessions
    Password(Named),
    /// List all users
    List,
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
    #[arg(long)]
    email: String,
    /// Give all permissions
    #[arg(long)]
    superuser: bool,
}

#[derive(Debug, clap::Args)]
pub struct Named {
    #[arg(long)]
    username: String,
}

impl Command {
    pub async fn run(self) -> anyhow::Result<()> {
        let operator = Operator::start()?;
        let session = operator.session().await?;
        let done = Box::pin(self.run_in(&session, &operator.settings.server)).await;
        session.kernel.database.close().await.map_err(explain)?;
        done
    }

    async fn run_in(self, session: &Session, server: &ServerSettings) -> anyhow::Result<()> {
        match self {
            Self::Create(create) => create.run(session).await,
            Self::Invite(invite) => invite.run(session, server).await,
            Self::List => list::run(session).await,
            Self::Password(Named { username }) => {
                by_username(session, &username)
                    .await
                    .map_err(explain)
                    .with_context(|| username.clone())?;
                let set = set_password(session, &username, password::read()?).await;
                set.map_err(explain)?;
                say(format_args!(
                    "Password of {username} changed; all their sessions have ended."
                ))
            }
            Self::TotpOff(Named { username }) => {
                let done = end_totp_for_user(session, &username).await;
                done.map_err(explain).with_context(|| username.clone())?;
                say(format_args!(
                    "Second factor of {username} disabled; they sign in with the password alone."
                ))
            }
            Self::Activate(named) => Box::pin(named.set_active(session, true)).await,
            Self::Deactivate(named) => Box::pin(named.set_active(session, false)).await,
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

impl Named {
    async fn set_active(self, session: &Session, is_active: bool) -> anyhow::Result<()> {
        let Self { username } = self;
        let patch = UserPatch {
            is_active: Some(is_active),
            ..UserPatch::default()
        };
        let done = session
            .write(async |tx| {
                let user = by_username(tx, &username).await?;
                Users::update(tx, user.id, &patch).await
            })
            .await;
        done.map_err(explain).with_context(|| username.clone())?;
        let state = if is_active {
            "active"
        } else {
            "inactive: they cannot sign in"
        };
        say(format_args!("{username} is now {state}."))
    }
}
