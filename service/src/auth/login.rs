//! Signing in. Wrong user, wrong password, inactive and deleted get the same answer after the same work.
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
    resolve,
    sessions::{self, Hold, Tokens},
    totp::{self, Vault},
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
    /// A code of the second factor, or for its recovery, where it is on.
    #[garde(inner(custom(not_too_long)))]
    #[schemars(with = "Option<String>", length(min = 1, max = MAX_LENGTH))]
    pub otp: Option<SecretString>,
}

/// The secrets of a sign-in are shown this once.
#[derive(Debug)]
pub struct SignIn {
    pub tokens: Tokens,
    pub user: Found<UserRow>,
}

pub async fn login(session: &Session, credentials: &Credentials, hold: Hold) -> Result<SignIn> {
    let user = authenticate(session, credentials).await?;
    let tokens = sessions::begin(&session.atoll.auth, hold)?;
    let label = session.origin().agent.as_deref();
    let (vault, otp) = (Vault::of(&session.atoll).await?, credentials.otp.as_ref());
    session
        .write(async |tx| {
            still_there(tx, &user).await?;
            // A guess, like the password: whatever counts those counts this.
            totp::pass(tx, &vault, user.id, otp).await?;
            sessions::open(tx, user.id, &tokens, label).await
        })
        .await?;
    let user = shown(session, &tokens).await?;
    Ok(SignIn { tokens, user })
}

/// The user of these tokens, as they see themselves.
pub async fn shown(session: &Session, tokens: &Tokens) -> Result<Found<UserRow>> {
    let actor = resolve(&session.atoll, &tokens.access.text).await?;
    let user = actor.user_id().ok_or(Error::Unauthenticated)?;
    Users::visible_row(&session.acting_as(actor), user).await
}

/// The active user behind a login and a password.
pub async fn authenticate(session: &Session, credentials: &Credentials) -> Result<Model> {
    let user = by_login(session, &credentials.login).await?;
    let hash = user.as_ref().map(|user| user.password_hash.clone());
    let matches = session
        .atoll
        .hasher
        .verify(credentials.password.clone(), hash)
        .await?;
    user.filter(|user| matches && user.is_active)
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
async fn still_there(tx: &Tx, user: &Model) -> Result<()> {
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
