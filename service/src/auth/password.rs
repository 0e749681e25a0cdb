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
    end_sessions,
    login::not_too_long,
    sessions::{end_others, signed_in},
};
use crate::{
    Crud, Error, Reads, Result, Session, Tx, Users,
    audit::{Did, Entry},
    crud::{everything, now, scope},
    input::check,
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
            replace(tx, user, &hash, everything()).await?;
            end_sessions(tx, &[user]).await
        })
        .await
}

/// Changes one's own password, and ends one's other sessions.
///
/// Fails with [`Error::Invalid`] where the current one is another.
pub async fn change_password(session: &Session, change: &PasswordChange) -> Result<()> {
    let (_, this) = signed_in(session)?;
    let me = confirmed(session, &change.current_password).await?;
    let hash = session
        .atoll
        .hasher
        .hash(change.new_password.clone())
        .await?;
    session
        .write(async |tx| {
            // Another request may have changed it while this one was hashed: then it is not the current one any more.
            let is_current = Column::PasswordHash.eq(me.password_hash.as_str());
            let replaced = replace(tx, me.id, &hash, everything().add(is_current)).await;
            replaced.map_err(|error| match error {
                Error::NotFound => wrong(),
                error => error,
            })?;
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
    let hash = Some(me.password_hash.clone());
    match session.atoll.hasher.verify(current.clone(), hash).await? {
        true => Ok(me),
        false => Err(wrong()),
    }
}

fn wrong() -> Error {
    let detail = "is not your password";
    Error::invalid("/current_password", "wrong", detail)
}

/// Fails with [`Error::NotFound`] where the user, or what is asked of them, is not there.
async fn replace(tx: &Tx, user: i64, hash: &str, condition: Condition) -> Result<()> {
    let update = scope::update_live(Users::name(), now())
        .value("password_hash", hash)
        .and_where(Expr::col((Users::name(), "id")).eq(user))
        .cond_where(condition)
        .returning(Query::returning().column("version"))
        .take();
    let row = tx.query_one(&update).await?.ok_or(Error::NotFound)?;
    let version = row.try_get("", "version")?;
    let user = (user, version);
    tx.record(Entry::of(Users::name(), Did::PasswordChanged, user));
    Ok(())
}
