//! Tokens that are brought back once: 256 bits, sent to somebody, stored as a hash for a short time.
use std::time::Duration;

use ::entity::one_time_tokens::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::ExprTrait,
};
use secrecy::SecretString;

use super::token;
use crate::{
    Error, Reads, Result, Tx,
    crud::{everything, now, scope},
};

/// What a token is good for: one of another purpose is none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Shows that the address of a user is theirs.
    Verify,
    /// The same of the address that a user wants to have.
    Address,
    /// Another password without the old one.
    Reset,
    /// Making an account: of nobody yet.
    Invite,
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Address => "address",
            Self::Reset => "reset",
            Self::Invite => "invite",
        }
    }

    /// What opens an account is short-lived; what only shows an address waits until somebody reads their mail.
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::Verify | Self::Address => Duration::from_hours(24),
            Self::Reset | Self::Invite => Duration::from_mins(30),
        }
    }
}

/// Whom a token is for, and which address it proves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Holder<'a> {
    pub user_id: Option<i64>,
    pub email: Option<&'a str>,
}

/// A new token. It ends the older ones of this user and purpose; those of nobody stand side by side.
pub async fn make(tx: &Tx, purpose: Purpose, holder: Holder<'_>) -> Result<SecretString> {
    if let Some(user) = holder.user_id {
        end(tx, user, purpose).await?;
    }
    let (token, hash) = token::generate();
    let lifetime = chrono::Duration::from_std(purpose.lifetime()).map_err(Error::internal)?;
    let row = ActiveModel {
        user_id: Set(holder.user_id),
        purpose: Set(purpose.as_str().to_owned()),
        token_hash: Set(hash),
        email: Set(holder.email.map(str::to_owned)),
        created_at: Set(now()),
        expires_at: Set(now() + lifetime),
        ..Default::default()
    };
    Entity::insert(row).exec_without_returning(tx).await?;
    Ok(token)
}

/// What a token stands for, which stays good: for a look before expensive work.
///
/// Fails with [`Error::Invalid`] at `/token` where it is unknown, expired, used, or of another purpose.
pub async fn peek(reads: &impl Reads, purpose: Purpose, token: &SecretString) -> Result<Model> {
    let good = good(purpose).add(Column::TokenHash.eq(token::hash(token)));
    let row = scope::plain::<Entity>().filter(good).one(reads.db()?);
    row.await?.ok_or_else(refused)
}

/// The same, and it is used up. Of two who take it at once, one is refused.
pub async fn take(tx: &Tx, purpose: Purpose, token: &SecretString) -> Result<Model> {
    let row = peek(tx, purpose, token).await?;
    match scope::erase::<Entity>(tx, Column::Id.eq(row.id)).await? {
        1 => Ok(row),
        _ => Err(refused()),
    }
}

/// The token of this purpose that a user has, if there is one that is still good.
pub async fn of_user(reads: &impl Reads, user: i64, purpose: Purpose) -> Result<Option<Model>> {
    let theirs = good(purpose).add(Column::UserId.eq(user));
    let row = scope::plain::<Entity>().filter(theirs).one(reads.db()?);
    Ok(row.await?)
}

/// Ends the tokens of this user and purpose.
pub async fn end(tx: &Tx, user: i64, purpose: Purpose) -> Result<()> {
    let theirs = Column::UserId.eq(user);
    let theirs = theirs.and(Column::Purpose.eq(purpose.as_str()));
    scope::erase::<Entity>(tx, theirs).await.map(drop)
}

/// The one answer to a token that is not good, whatever the reason.
pub fn refused() -> Error {
    let detail = "is unknown, expired or used: ask for a new one";
    Error::invalid("/token", "invalid_token", detail)
}

fn good(purpose: Purpose) -> Condition {
    everything()
        .add(Column::Purpose.eq(purpose.as_str()))
        .add(Column::ExpiresAt.gt(now()))
}
