//! Tokens that are brought back once: 256 bits, sent to somebody, stored as a hash for a short time.
use std::time::Duration;

use ::entity::one_time_tokens::{ActiveModel, Column, Entity, Model};
use base64::{Engine, prelude::BASE64_URL_SAFE_NO_PAD};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, sea_query::ExprTrait,
};
use secrecy::{ExposeSecret, SecretString};
use sha2::{Digest, Sha256};

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

/// Characters that a token may have; ours have 43.
pub const MAX_LENGTH: usize = 128;

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
    let token = BASE64_URL_SAFE_NO_PAD.encode(rand::random::<[u8; 32]>());
    let token = SecretString::from(token);
    let lifetime = chrono::Duration::from_std(purpose.lifetime()).map_err(Error::internal)?;
    let row = ActiveModel {
        user_id: Set(holder.user_id),
        purpose: Set(purpose.as_str().to_owned()),
        token_hash: Set(hash(&token)),
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
    let good = good(purpose).add(Column::TokenHash.eq(hash(token)));
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

/// Whether it can be a token at all.
pub(super) fn plausible(token: &SecretString, _: &()) -> garde::Result {
    match token.expose_secret().chars().count() {
        0 => Err(garde::Error::new("required: must not be blank")),
        1..=MAX_LENGTH => Ok(()),
        _ => Err(garde::Error::new(format!(
            "too_long: must have at most {MAX_LENGTH} characters"
        ))),
    }
}

fn good(purpose: Purpose) -> Condition {
    everything()
        .add(Column::Purpose.eq(purpose.as_str()))
        .add(Column::ExpiresAt.gt(now()))
}

/// SHA-256 is enough for 256 random bits: there is nothing to guess.
fn hash(token: &SecretString) -> Vec<u8> {
    Sha256::digest(token.expose_secret().as_bytes()).to_vec()
}
