//! Sign-in. An unknown user, a wrong password and a deleted account get the same answer after the same work. Only the right password
//! reveals that an account is deactivated.
use ::entity::{
    last_logins,
    users::{Column, Model},
};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{LockType, OnConflict},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Identity, checksum_key, device,
    password::rehash,
    resolve,
    sessions::{self, TokenMode, Tokens},
    throttle::{self, Attempt, Subject},
    totp::{self, Vault},
};
use crate::{
    identity::{
        Users,
        password::{self, MAX_LENGTH},
        users::{UserRow, key},
    },
    mail::{self, Mail, Mailer},
};
use kernel::{
    Code, CrudOperations, Error, Found, Origin, Readable, Reads, Result, Session, Tx,
    audit::{AuditAction, Entry},
    input::refuse,
    resource::{now, scope},
};

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Credentials {
    /// A username or an e-mail address.
    #[garde(length(chars, min = 1, max = 255))]
    pub login: String,
    #[garde(custom(check_password_field))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub password: SecretString,
    /// A code of the authenticator or a recovery code, if the second factor is on.
    #[garde(inner(custom(check_password_field)))]
    #[schemars(with = "Option<String>", length(min = 1, max = MAX_LENGTH))]
    pub otp: Option<SecretString>,
}

/// The result of a sign-in. Its secrets are never shown again.
#[derive(Debug)]
pub struct SignIn {
    pub tokens: Tokens,
    pub user: Found<UserRow>,
    /// The cookie that makes this device a known one; `None` when tokens are refreshed.
    pub device: Option<SecretString>,
}

pub async fn login(
    session: &Session,
    credentials: &Credentials,
    mode: TokenMode,
) -> Result<SignIn> {
    let mut known = authenticate(session, credentials).await?;
    let checksums = checksum_key(&session.kernel).await?;
    let tokens = sessions::new_tokens(&session.state::<Identity>().settings, mode, checksums)?;
    match open_session(session, &known, credentials, &tokens).await {
        // A concurrent sign-in may have rehashed the same password.
        Err(Error::WrongLogin) => {
            known = authenticate(session, credentials).await?;
            open_session(session, &known, credentials, &tokens).await?;
        }
        opened => opened?,
    }
    let (user, _) = known;
    let user = rehash(session, user, &credentials.password).await;
    let device = device::remember(session, &user).await?;
    let user = user_of_tokens(session, &tokens).await?;
    Ok(SignIn {
        tokens,
        user,
        device: Some(device),
    })
}

async fn open_session(
    session: &Session,
    (user, attempt): &(Model, Attempt),
    credentials: &Credentials,
    tokens: &Tokens,
) -> Result<()> {
    let label = session.origin().agent.as_deref();
    let (vault, otp) = (
        Vault::load(&session.kernel).await?,
        credentials.otp.as_ref(),
    );
    let opened = session.write(async |tx| {
        lock_unchanged(tx, user).await?;
        // A wrong code is a guess like a wrong password: the attempt stays counted.
        totp::check_sign_in(tx, &vault, user.id, otp).await?;
        if !attempt.is_from_known_device() {
            notify_new_device(tx, user, session.origin()).await?;
        }
        record_login(tx, user.id).await?;
        sessions::make_room(
            tx,
            user.id,
            &session.state::<Identity>().settings,
            &session.state::<Identity>().callers,
        )
        .await?;
        sessions::insert(tx, user.id, tokens, label).await?;
        // This comes last, because it locks the counter of the network for every other sign-in from it.
        attempt.succeed(tx).await
    });
    attempt.refund_if_untried(session, opened.await).await
}

/// The user of these tokens, with the fields that they may see.
pub async fn user_of_tokens(session: &Session, tokens: &Tokens) -> Result<Found<UserRow>> {
    let actor = resolve::resolve_without_use(&session.kernel, &tokens.access).await?;
    let user = actor.user_id().ok_or(Error::Unauthenticated)?;
    Users::visible_row(&session.acting_as(actor), user).await
}

/// Checks a login and a password; returns the active user and the counted attempt.
pub async fn authenticate(
    session: &Session,
    credentials: &Credentials,
) -> Result<(Model, Attempt)> {
    let user = find_by_login(session, &credentials.login).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let subject = Subject::SignIn(&credentials.login, user.as_ref());
    let attempt = throttle::attempt(session, &subject).await?;
    let password = credentials.password.clone();
    let matches = session
        .state::<Identity>()
        .hasher
        .verify(password, hash)
        .await;
    let matches = attempt.refund_if_untried(session, matches).await?;
    let user = user.filter(|_| matches).ok_or(Error::WrongLogin)?;
    if user.is_active {
        Ok((user, attempt))
    } else {
        Err(Error::Deactivated)
    }
}

/// Finds the user of a login. Usernames have no `@` and addresses have one, so a login names at most one user.
async fn find_by_login(reads: &impl Reads, login: &str) -> Result<Option<Model>> {
    let key = key(login);
    let named = Condition::any()
        .add(Column::UsernameKey.eq(key.as_str()))
        .add(Column::EmailKey.eq(key.as_str()));
    Ok(scope::all_live::<Users>()
        .filter(named)
        .one(reads.db()?)
        .await?)
}

/// Locks the user and records the sign-in. Fails if the user was deleted, deactivated or given another password while the
/// password was hashed.
async fn lock_unchanged(tx: &Tx, user: &Model) -> Result<()> {
    let unchanged = scope::all_live::<Users>()
        .filter(scope::has_id::<Users>(user.id))
        .filter(Column::IsActive.eq(true))
        .filter(Column::PasswordHash.eq(user.password_hash.as_str()));
    let user = unchanged
        .lock(LockType::Share)
        .one(tx)
        .await?
        .ok_or(Error::WrongLogin)?;
    tx.record(Entry::new(
        Users::name(),
        AuditAction::SignedIn,
        (user.id, user.version),
    ));
    Ok(())
}

/// Queues a mail about a sign-in from a new device. The first sign-in of a user sends none: its device is always new.
async fn notify_new_device(tx: &Tx, user: &Model, origin: &Origin) -> Result<()> {
    if !tx.state::<Mailer>().is_on() {
        return Ok(());
    }
    let before = last_logins::Column::UserId.eq(user.id);
    let before = scope::plain::<last_logins::Entity>().filter(before);
    if before.one(tx).await?.is_none() {
        return Ok(());
    }
    let agent = origin.agent.as_deref();
    let agent = agent.unwrap_or("unknown device");
    mail::queue(tx, Mail::new_device(user, agent, origin.address)).await
}

async fn record_login(tx: &Tx, user: i64) -> Result<()> {
    let login = last_logins::ActiveModel {
        user_id: Set(user),
        last_login_at: Set(now()),
    };
    let on_conflict = OnConflict::column(last_logins::Column::UserId)
        .update_column(last_logins::Column::LastLoginAt)
        .to_owned();
    last_logins::Entity::insert(login)
        .on_conflict(on_conflict)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

pub(super) fn check_password_field(password: &SecretString, context: &()) -> garde::Result {
    match password::length(password) {
        0 => Err(refuse(Code::Required, "must not be blank")),
        1..=MAX_LENGTH => Ok(()),
        _ => crate::identity::users::acceptable(password, context),
    }
}
