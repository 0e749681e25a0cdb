//! Signing in. Wrong user, wrong password, inactive and deleted get the same answer after the same work.
use ::entity::{
    last_logins, sessions,
    users::{Column, Model},
};
use chrono::{DateTime, Utc};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{ExprTrait, LockType, OnConflict},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    device,
    throttle::{self, Attempt, Subject},
    token,
};
use crate::{
    Crud, Error, Found, Reads, Result, Session, Tx, Users,
    audit::{Did, Entry},
    crud::{now, scope},
    password::MAX_LENGTH,
    users::{UserRow, key},
};

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct Credentials {
    /// A username or an e-mail address.
    #[garde(length(chars, min = 1, max = 255))]
    pub login: String,
    #[garde(custom(not_too_long))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub password: SecretString,
}

#[derive(Debug)]
pub struct SignIn {
    /// Shown this once: only its hash is stored.
    pub token: SecretString,
    pub expires_at: DateTime<Utc>,
    pub user: Found<UserRow>,
    /// What makes this device a known one.
    pub device: SecretString,
}

pub async fn login(session: &Session, credentials: &Credentials) -> Result<SignIn> {
    let (user, attempt) = authenticate(session, credentials).await?;
    let (token, hash) = token::generate();
    let lifetime =
        chrono::Duration::from_std(session.atoll.auth.session_lifetime).map_err(Error::internal)?;
    let expires_at = now() + lifetime;
    let opened = session.write(async |tx| {
        attempt.succeed(tx).await?;
        open(tx, &user, &hash, expires_at).await
    });
    attempt.unless_busy(session, opened.await).await?;
    let device = device::remember(session, &user).await?;
    let actor = token::resolve(&session.atoll.database, &token).await?;
    let user = Users::visible_row(&session.atoll.session(actor), user.id).await?;
    Ok(SignIn {
        token,
        expires_at: expires_at.with_timezone(&Utc),
        user,
        device,
    })
}

/// The active user behind a login and a password, and the attempt that it was.
pub async fn authenticate(
    session: &Session,
    credentials: &Credentials,
) -> Result<(Model, Attempt)> {
    let user = by_login(session, &credentials.login).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let subject = Subject::SignIn(&credentials.login, user.as_ref());
    let attempt = throttle::attempt(session, &subject).await?;
    let password = credentials.password.clone();
    let matches = session.atoll.hasher.verify(password, hash).await;
    let matches = attempt.unless_busy(session, matches).await?;
    user.filter(|user| matches && user.is_active)
        .map(|user| (user, attempt))
        .ok_or(Error::Unauthenticated)
}

/// Usernames have no `@` and addresses have one, so a login names one user at most.
async fn by_login(reads: &impl Reads, login: &str) -> Result<Option<Model>> {
    let key = key(login);
    let named = Condition::any()
        .add(Column::UsernameKey.eq(key.as_str()))
        .add(Column::EmailKey.eq(key.as_str()));
    Ok(scope::all_live::<Users>()
        .filter(named)
        .one(reads.db()?)
        .await?)
}

/// The user may have been deleted, deactivated or given another password while this one was hashed.
async fn open(
    tx: &Tx,
    user: &Model,
    hash: &[u8],
    expires_at: sea_orm::prelude::DateTimeWithTimeZone,
) -> Result<()> {
    let still = scope::all_live::<Users>()
        .filter(scope::is::<Users>(user.id))
        .filter(Column::IsActive.eq(true))
        .filter(Column::PasswordHash.eq(user.password_hash.as_str()));
    let user = still
        .lock(LockType::Share)
        .one(tx)
        .await?
        .ok_or(Error::Unauthenticated)?;
    tx.record(Entry::of(
        Users::name(),
        Did::SignedIn,
        (user.id, user.version),
    ));
    let expired = sessions::Column::UserId
        .eq(user.id)
        .and(sessions::Column::ExpiresAt.lte(now()));
    scope::erase::<sessions::Entity>(tx, expired).await?;
    let session = sessions::ActiveModel {
        user_id: Set(user.id),
        family_hash: Set(hash.to_vec()),
        token_hash: Set(hash.to_vec()),
        created_at: Set(now()),
        last_used_at: Set(now()),
        token_expires_at: Set(expires_at),
        expires_at: Set(expires_at),
        ..Default::default()
    };
    sessions::Entity::insert(session)
        .exec_without_returning(tx)
        .await?;
    let login = last_logins::ActiveModel {
        user_id: Set(user.id),
        last_login_at: Set(now()),
    };
    let again = OnConflict::column(last_logins::Column::UserId)
        .update_column(last_logins::Column::LastLoginAt)
        .to_owned();
    last_logins::Entity::insert(login)
        .on_conflict(again)
        .exec_without_returning(tx)
        .await?;
    Ok(())
}

pub(super) fn not_too_long(password: &SecretString, context: &()) -> garde::Result {
    use secrecy::ExposeSecret;
    match password.expose_secret().chars().count() {
        0 => Err(garde::Error::new("required: must not be blank")),
        1..=MAX_LENGTH => Ok(()),
        _ => crate::users::acceptable(password, context),
    }
}
