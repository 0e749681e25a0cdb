//! Passwords that the operator sets, or users change.
use ::entity::users::{Column, Model};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, Query},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    address, end_sessions,
    login::not_too_long,
    sessions::{end_others, signed_in},
    throttle::{self, Subject},
};
use crate::{
    Application, Crud, Error, Reads, Result, Session, Tx, Users,
    audit::{Did, Entry},
    crud::{everything, now, scope},
    input::check,
    mail::{self, Mail},
    password::{MAX_LENGTH, MIN_LENGTH},
    users::{acceptable, by_username},
};

/// Another sign-in may hash the password anew once; more than that is another password.
const TRIES: usize = 2;

#[derive(Validate)]
struct NewPassword {
    #[garde(custom(acceptable))]
    password: SecretString,
}

/// Another password, from somebody who knows the one that it replaces.
#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct PasswordChange {
    #[garde(custom(not_too_long))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub current_password: SecretString,
    #[garde(custom(acceptable))]
    #[schemars(with = "String", length(min = MIN_LENGTH, max = MAX_LENGTH))]
    pub new_password: SecretString,
}

/// Gives a user another password, and signs them out everywhere. Asks nobody whether that is permitted.
pub async fn set_password(session: &Session, username: &str, password: SecretString) -> Result<()> {
    let new = NewPassword { password };
    check(&new)?;
    let user = by_username(session, username).await?;
    let hasher = &session.atoll().hasher;
    let hash = hasher
        .choose("/password", &new.password, (&user).into())
        .await?;
    session
        .write(async |tx| {
            let user = by_username(tx, username).await?.id;
            let replacement = Replacement {
                hash: &hash,
                only_if: everything(),
                did: Did::PasswordChanged,
            };
            replace(tx, user, replacement).await?;
            end_sessions(tx, &[user]).await
        })
        .await
}

/// Changes one's own password, and ends one's other sessions.
///
/// Fails with [`Error::Invalid`] where the current one is another.
pub async fn change_password(session: &Session, change: &PasswordChange) -> Result<()> {
    let (_, this) = signed_in(session)?;
    let (hasher, new) = (&session.atoll().hasher, &change.new_password);
    for _ in 0..TRIES {
        let me = confirmed(session, &change.current_password).await?;
        let hash = hasher.choose("/new_password", new, (&me).into()).await?;
        match exchange(session, &me, &hash, this).await {
            // It was changed meanwhile, or hashed anew: then it may still be the current one.
            Err(Error::NotFound) => {}
            done => return done,
        }
    }
    Err(wrong())
}

/// Stores a new hash in place of the one that was verified, and ends all sessions but one.
///
/// Fails with [`Error::NotFound`] where another one is stored now.
async fn exchange(session: &Session, me: &Model, hash: &str, this: i64) -> Result<()> {
    session
        .write(async |tx| {
            let is_current = Column::PasswordHash.eq(me.password_hash.as_str());
            let replacement = Replacement {
                hash,
                only_if: everything().add(is_current),
                did: Did::PasswordChanged,
            };
            replace(tx, me.id, replacement).await?;
            end_others(tx, me.id, this).await
        })
        .await
}

/// The user who asks, if they know their password.
///
/// Fails with [`Error::Invalid`] where it is another.
pub(super) async fn confirmed(session: &Session, current: &SecretString) -> Result<Model> {
    let (user, _) = signed_in(session)?;
    let me = scope::all_live::<Users>().filter(scope::is::<Users>(user));
    let me = me.one(session.db()?).await?.ok_or(Error::Unauthenticated)?;
    let attempt = throttle::attempt(session, &Subject::Own("password")).await?;
    let hash = Some(me.password_hash.clone());
    let matches = session.atoll().hasher.verify(current.clone(), hash).await;
    match attempt.unless_untried(session, matches).await? {
        true => attempt.succeeded(session).await.map(|()| me),
        false => Err(wrong()),
    }
}

/// The password of whoever asks for what has to be confirmed with it.
pub(super) fn said(password: Option<&SecretString>) -> Result<&SecretString> {
    let detail = "say your password to change this";
    password.ok_or_else(|| Error::invalid("/current_password", "required", detail))
}

pub(super) fn wrong() -> Error {
    let detail = "is not your password";
    Error::invalid("/current_password", "wrong", detail)
}

/// Another password for a user.
pub(super) struct Replacement<'a> {
    pub hash: &'a str,
    pub only_if: Condition,
    pub did: Did,
}

/// The version that the user is in then. Whoever reads their mail hears of it, and what was asked for before is void.
///
/// Fails with [`Error::NotFound`] where the user, or what is asked of them, is not there.
pub(super) async fn replace(tx: &Tx, user: i64, new: Replacement<'_>) -> Result<i64> {
    let update = scope::update_live(Users::name(), now())
        .value("password_hash", new.hash)
        .and_where(Expr::col((Users::name(), "id")).eq(user))
        .cond_where(new.only_if)
        .returning(Query::returning().columns(["version", "email"]))
        .take();
    let row = tx.query_one(&update).await?.ok_or(Error::NotFound)?;
    let version = row.try_get("", "version")?;
    let email: String = row.try_get("", "email")?;
    tx.record(Entry::of(Users::name(), new.did, (user, version)));
    address::abandon(tx, user).await?;
    mail::queue(tx, Mail::password_changed(user, &email)).await?;
    Ok(version)
}
