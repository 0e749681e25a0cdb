//! Tokens that are brought back once: 256 bits, sent to somebody, stored as a hash for a short time.
use std::time::Duration;

use ::entity::one_time_tokens::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::ExprTrait,
};
use secrecy::{ExposeSecret, SecretString};

use super::{checksum_key, token};
use crate::{
    Error, Kernel, Reads, Result, Tx,
    crud::{everything, now, scope},
    secret::Secret,
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
    /// Making the account of a superuser.
    InviteSuperuser,
    /// Making that of the first superuser: of no use once there is one.
    FirstRun,
}

impl Purpose {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Verify => "verify",
            Self::Address => "address",
            Self::Reset => "reset",
            Self::Invite => "invite",
            Self::InviteSuperuser => "invite_superuser",
            Self::FirstRun => "first_run",
        }
    }

    /// What opens an account is short-lived; what only shows an address waits until somebody reads their mail.
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::Verify | Self::Address => Duration::from_hours(24),
            Self::Reset | Self::Invite | Self::InviteSuperuser | Self::FirstRun => {
                Duration::from_mins(30)
            }
        }
    }
}

/// How many tokens of one purpose a user has: a new one ends older ones beyond that. Anybody can ask for a link that
/// resets a password, and must not end the one that its owner is about to follow.
const fn kept(purpose: Purpose) -> usize {
    match purpose {
        Purpose::Reset => 3,
        _ => 1,
    }
}

/// What the checksum of a one-time token says that it is.
const KIND: &str = "one-time";

/// Characters that a token may have; ours have 54.
pub const MAX_LENGTH: usize = 128;

/// Whom a token is for, and which address it proves.
#[derive(Debug, Clone, Copy, Default)]
pub struct Holder<'a> {
    pub user_id: Option<i64>,
    pub email: Option<&'a str>,
}

/// A new token, with its checksum.
pub async fn make(
    tx: &Tx,
    purpose: Purpose,
    holder: Holder<'_>,
    checksums: &Secret,
) -> Result<SecretString> {
    let token = token::random(checksums, KIND);
    store(tx, purpose, holder, token::hash(token.as_bytes())).await?;
    Ok(token.into())
}

/// Notes what a user asked for, by a token that nobody gets: its letter brings another one.
pub async fn hold_place(tx: &Tx, purpose: Purpose, holder: Holder<'_>) -> Result<()> {
    let unknown = rand::random::<[u8; 32]>().to_vec();
    store(tx, purpose, holder, unknown).await
}

/// It ends the older ones of this user and purpose, but for those that are kept; those of nobody stand side by side.
async fn store(tx: &Tx, purpose: Purpose, holder: Holder<'_>, hash: Vec<u8>) -> Result<()> {
    if let Some(user) = holder.user_id {
        end_older(tx, user, purpose).await?;
    }
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
    Ok(())
}

/// The hash of a token that this installation made, whether or not it is still good.
pub struct Presented(Vec<u8>);

impl Presented {
    /// Fails with [`Error::Invalid`] at `/token` where the token was made up, without a look-up.
    pub async fn read(kernel: &Kernel, token: &SecretString) -> Result<Self> {
        let (checksums, text) = (checksum_key(kernel).await?, token.expose_secret());
        let is_ours = token::is_ours(&checksums, KIND, text);
        let hash = is_ours.then(|| token::hash(text.as_bytes()));
        hash.map(Self).ok_or_else(refused)
    }
}

/// What a token stands for, which stays good: for a look before expensive work.
///
/// Fails with [`Error::Invalid`] at `/token` where it is unknown, expired, used, or of another purpose.
pub async fn peek(reads: &impl Reads, purpose: Purpose, token: &Presented) -> Result<Model> {
    let good = good(purpose).add(Column::TokenHash.eq(token.0.as_slice()));
    let row = scope::plain::<Entity>().filter(good).one(reads.db()?);
    row.await?.ok_or_else(refused)
}

/// The same, and it is used up. Of two who take it at once, one is refused.
pub async fn take(tx: &Tx, purpose: Purpose, token: &Presented) -> Result<Model> {
    let row = peek(tx, purpose, token).await?;
    match scope::erase::<Entity>(tx, Column::Id.eq(row.id)).await? {
        1 => Ok(row),
        _ => Err(refused()),
    }
}

/// The newest token of this purpose that a user has, if one is still good.
pub async fn of_user(reads: &impl Reads, user: i64, purpose: Purpose) -> Result<Option<Model>> {
    let theirs = good(purpose).add(Column::UserId.eq(user));
    let row = scope::plain::<Entity>()
        .filter(theirs)
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id);
    Ok(row.one(reads.db()?).await?)
}

async fn end_older(tx: &Tx, user: i64, purpose: Purpose) -> Result<()> {
    let newest = scope::plain::<Entity>()
        .filter(Column::UserId.eq(user))
        .filter(Column::Purpose.eq(purpose.as_str()))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .select_only()
        .column(Column::Id);
    let newest: Vec<i64> = newest.into_tuple().all(tx).await?;
    let older: Vec<_> = newest.into_iter().skip(kept(purpose) - 1).collect();
    if !older.is_empty() {
        scope::erase::<Entity>(tx, Column::Id.is_in(older)).await?;
    }
    Ok(())
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
