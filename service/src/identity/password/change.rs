//! Setting a password by the operator, and changing one's own.
use ::entity::users::{Column, Model};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, Query},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::{MAX_LENGTH, MIN_LENGTH, UserData};
use crate::{
    identity::{
        Identity, Users, address, end_sessions,
        login::check_password_field,
        sessions::{current_session, end_other_sessions},
        throttle::{self, Subject},
        users::{acceptable, by_username},
    },
    mail::{self, Mail},
};
use kernel::{
    Code, Error, Readable, Reads, Result, Session, Tx,
    audit::{AuditAction, Entry},
    input::check,
    resource::{everything, now, scope},
};

/// A concurrent sign-in may rehash the password once; after a second mismatch the password is another one.
const TRIES: usize = 2;

#[derive(Validate)]
struct NewPassword {
    #[garde(custom(acceptable))]
    password: SecretString,
}

/// A new password and the one that it replaces.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordChange {
    #[garde(custom(check_password_field))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub current_password: SecretString,
    #[garde(custom(acceptable))]
    #[schemars(with = "String", length(min = MIN_LENGTH, max = MAX_LENGTH))]
    pub new_password: SecretString,
}

/// Checks a password that is not chosen by one user, and hashes it.
pub(crate) async fn hash_shared(session: &Session, password: SecretString) -> Result<String> {
    let new = NewPassword { password };
    check(&new)?;
    let nobody = UserData {
        username: "",
        email: "",
        full_name: None,
    };
    let hasher = &session.state::<Identity>().hasher;
    hasher.choose("/password", &new.password, nobody).await
}

/// Sets the password of a user and ends all their sessions. It checks no permissions.
pub async fn set_password(session: &Session, username: &str, password: SecretString) -> Result<()> {
    let new = NewPassword { password };
    check(&new)?;
    let user = by_username(session, username).await?;
    let hasher = &session.state::<Identity>().hasher;
    let hash = hasher
        .choose("/password", &new.password, (&user).into())
        .await?;
    session
        .write(async |tx| {
            let user = by_username(tx, username).await?.id;
            let replacement = Replacement {
                hash: &hash,
                only_if: everything(),
                action: AuditAction::PasswordChanged,
            };
            replace(tx, user, replacement).await?;
            end_sessions(tx, &[user]).await
        })
        .await
}

/// Changes the caller's own password and ends their other sessions.
///
/// Fails with [`Error::Invalid`] if `current_password` is wrong.
pub async fn change_password(session: &Session, change: &PasswordChange) -> Result<()> {
    let (_, this) = current_session(session)?;
    let (hasher, new) = (&session.state::<Identity>().hasher, &change.new_password);
    for _ in 0..TRIES {
        let me = confirm_password(session, &change.current_password).await?;
        let hash = hasher.choose("/new_password", new, (&me).into()).await?;
        match exchange(session, &me, &hash, this).await {
            // The stored hash changed meanwhile. After a rehash the password is still the current one.
            Err(Error::NotFound) => {}
            done => return done,
        }
    }
    Err(wrong_password())
}

/// Replaces the hash that was verified, and ends all sessions of the user except one.
///
/// Fails with [`Error::NotFound`] if the stored hash is another one now.
async fn exchange(session: &Session, me: &Model, hash: &str, this: i64) -> Result<()> {
    session
        .write(async |tx| {
            let is_current = Column::PasswordHash.eq(me.password_hash.as_str());
            let replacement = Replacement {
                hash,
                only_if: everything().add(is_current),
                action: AuditAction::PasswordChanged,
            };
            replace(tx, me.id, replacement).await?;
            end_other_sessions(tx, me.id, this).await
        })
        .await
}

/// Checks the caller's password and returns their user.
///
/// Fails with [`Error::Invalid`] if the password is wrong.
pub(crate) async fn confirm_password(session: &Session, current: &SecretString) -> Result<Model> {
    let (user, _) = current_session(session)?;
    let me = scope::all_live::<Users>().filter(scope::has_id::<Users>(user));
    let me = me.one(session.db()?).await?.ok_or(Error::Unauthenticated)?;
    let attempt = throttle::attempt(session, &Subject::Secret("password")).await?;
    let hash = Some(me.password_hash.clone());
    let matches = session
        .state::<Identity>()
        .hasher
        .verify(current.clone(), hash)
        .await;
    if attempt.refund_if_untried(session, matches).await? {
        attempt.succeeded(session).await.map(|()| me)
    } else {
        Err(wrong_password())
    }
}

/// Fails if the request has no `current_password`.
pub(crate) fn require_password(password: Option<&SecretString>) -> Result<&SecretString> {
    let detail = "enter your current password to change this";
    password.ok_or_else(|| Error::invalid("/current_password", Code::Required, detail))
}

pub(crate) fn wrong_password() -> Error {
    let detail = "wrong password";
    Error::invalid("/current_password", Code::Wrong, detail)
}

/// A new password hash for a user.
pub(crate) struct Replacement<'a> {
    pub hash: &'a str,
    /// A condition that the user must meet.
    pub only_if: Condition,
    pub action: AuditAction,
}

/// Stores a new password hash and returns the new version of the user. It queues a mail to the user, and cancels their
/// pending address change and password resets.
///
/// Fails with [`Error::NotFound`] if no live user meets the condition.
pub(crate) async fn replace(tx: &Tx, user: i64, new: Replacement<'_>) -> Result<i64> {
    let update = scope::update_live(Users::name(), now())
        .value("password_hash", new.hash)
        .and_where(Expr::col((Users::name(), "id")).eq(user))
        .cond_where(new.only_if)
        .returning(Query::returning().columns(["version", "email"]))
        .take();
    let row = tx.query_one(&update).await?.ok_or(Error::NotFound)?;
    let version = row.try_get("", "version")?;
    let email: String = row.try_get("", "email")?;
    tx.record(Entry::new(Users::name(), new.action, (user, version)));
    address::cancel_requests(tx, user).await?;
    mail::queue(tx, Mail::password_changed(user, &email)).await?;
    Ok(version)
}
