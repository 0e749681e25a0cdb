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
    checksum_key, device,
    rehash::rehash,
    resolve,
    sessions::{self, Hold, Tokens},
    throttle::{self, Attempt, Subject},
    totp::{self, Vault},
};
use crate::{
    Application, Crud, Error, Found, Origin, Reads, Result, Session, Tx, Users,
    audit::{Did, Entry},
    crud::{now, scope},
    mail::{self, Mail},
    password::{self, MAX_LENGTH},
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
    /// What makes this device a known one; none where tokens are renewed.
    pub device: Option<SecretString>,
}

pub async fn login(session: &Session, credentials: &Credentials, hold: Hold) -> Result<SignIn> {
    let mut known = authenticate(session, credentials).await?;
    let checksums = checksum_key(&session.kernel).await?;
    let tokens = sessions::begin(&session.atoll().auth, hold, &checksums)?;
    match open(session, &known, credentials, &tokens).await {
        // Another sign-in may have hashed the same password anew meanwhile.
        Err(Error::Unauthenticated) => {
            known = authenticate(session, credentials).await?;
            open(session, &known, credentials, &tokens).await?;
        }
        opened => opened?,
    }
    let (user, _) = known;
    let user = rehash(session, user, &credentials.password).await;
    let device = device::remember(session, &user).await?;
    let user = shown(session, &tokens).await?;
    Ok(SignIn {
        tokens,
        user,
        device: Some(device),
    })
}

async fn open(
    session: &Session,
    (user, attempt): &(Model, Attempt),
    credentials: &Credentials,
    tokens: &Tokens,
) -> Result<()> {
    let label = session.origin().agent.as_deref();
    let (vault, otp) = (Vault::of(&session.kernel).await?, credentials.otp.as_ref());
    let opened = session.write(async |tx| {
        still_there(tx, user).await?;
        // A guess, like the password: where it is wrong, the attempt stays counted.
        totp::pass(tx, &vault, user.id, otp).await?;
        if !attempt.is_from_known_device() {
            tell_of_new_device(tx, user, session.origin()).await?;
        }
        note_login(tx, user.id).await?;
        sessions::make_room(tx, user.id, &session.atoll().auth, &session.atoll().callers).await?;
        sessions::open(tx, user.id, tokens, label).await?;
        // Last: what a network counts is locked from here on, for all who come from there.
        attempt.succeed(tx).await
    });
    attempt.unless_untried(session, opened.await).await
}

/// The user of these tokens, as they see themselves.
pub async fn shown(session: &Session, tokens: &Tokens) -> Result<Found<UserRow>> {
    let actor = resolve::resolve_unnoted(&session.kernel, &tokens.access).await?;
    let user = actor.user_id().ok_or(Error::Unauthenticated)?;
    Users::visible_row(&session.acting_as(actor), user).await
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
    let matches = session.atoll().hasher.verify(password, hash).await;
    let matches = attempt.unless_untried(session, matches).await?;
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
    Ok(())
}

/// Not at the first sign-in, which is always from a new one.
async fn tell_of_new_device(tx: &Tx, user: &Model, origin: &Origin) -> Result<()> {
    if !tx.atoll().mail.is_on() {
        return Ok(());
    }
    let before = last_logins::Column::UserId.eq(user.id);
    let before = scope::plain::<last_logins::Entity>().filter(before);
    if before.one(tx).await?.is_none() {
        return Ok(());
    }
    let agent = origin.agent.as_deref();
    let agent = agent.unwrap_or("a device that did not say what it is");
    mail::queue(tx, Mail::new_device(user, agent, origin.address)).await
}

async fn note_login(tx: &Tx, user: i64) -> Result<()> {
    let login = last_logins::ActiveModel {
        user_id: Set(user),
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
    match password::length(password) {
        0 => Err(garde::Error::new("required: must not be blank")),
        1..=MAX_LENGTH => Ok(()),
        _ => crate::users::acceptable(password, context),
    }
}
