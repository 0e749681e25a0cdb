//! Passwords that the operator sets, or users change.
use ::entity::{
    sessions,
    users::{Column, Model},
};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, Query},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::{address, end_sessions, login::not_too_long};
use crate::{
    Crud, Error, Reads, Result, Session, Tx, Users,
    audit::{Did, Entry},
    crud::{everything, now, scope},
    input::check,
    mail::{self, Mail},
    password::{MAX_LENGTH, MIN_LENGTH},
    users::{acceptable, by_username},
};

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
    let hash = session.atoll.hasher.hash(new.password).await?;
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
    let caller = session.actor().caller().ok_or(Error::Unauthenticated)?;
    let this = caller.credential.session().ok_or(Error::Unauthenticated)?;
    let me = scope::all_live::<Users>().filter(scope::is::<Users>(caller.user_id));
    let me = me.one(session.db()?).await?.ok_or(Error::Unauthenticated)?;
    let (hasher, current) = (&session.atoll.hasher, change.current_password.clone());
    if !hasher
        .verify(current, Some(me.password_hash.clone()))
        .await?
    {
        return Err(wrong());
    }
    let hash = hasher.hash(change.new_password.clone()).await?;
    session
        .write(async |tx| {
            // Another request may have changed it while this one was hashed: then it is not the current one any more.
            let is_current = Column::PasswordHash.eq(me.password_hash.as_str());
            let replacement = Replacement {
                hash: &hash,
                only_if: everything().add(is_current),
                did: Did::PasswordChanged,
            };
            let replaced = replace(tx, me.id, replacement).await;
            replaced.map_err(|error| match error {
                Error::NotFound => wrong(),
                error => error,
            })?;
            let mine = sessions::Column::UserId.eq(me.id);
            let others = mine.and(sessions::Column::Id.ne(this));
            scope::erase::<sessions::Entity>(tx, others).await.map(drop)
        })
        .await
}

/// Whether this is the password of the user, whom the session belongs to.
pub(super) async fn is_mine(
    session: &Session,
    user: &Model,
    password: Option<SecretString>,
) -> Result<bool> {
    let Some(password) = password else {
        let detail = "say your password to change this";
        return Err(Error::invalid("/current_password", "required", detail));
    };
    let hash = Some(user.password_hash.clone());
    session.atoll.hasher.verify(password, hash).await
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
