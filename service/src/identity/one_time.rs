//! One-time tokens: 256 random bits, sent by mail or printed, stored as a hash until they are used or expire.
use std::time::Duration;

use ::entity::one_time_tokens::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    sea_query::ExprTrait,
};
use secrecy::{ExposeSecret, SecretString};

use super::{checksum_key, token};
use kernel::{
    Code, Error, Kernel, Reads, Result, Tx,
    input::refuse,
    resource::{everything, now, scope},
    secret::Secret,
};

/// The purpose of a token. A token is valid for its own purpose only.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// Verifies the current address of a user.
    Verify,
    /// Verifies the new address that a user asked for.
    Address,
    /// Sets a new password without the old one.
    Reset,
    /// Creates an account. The token belongs to no user.
    Invite,
    /// Creates the account of a superuser.
    InviteSuperuser,
    /// Creates the first superuser. The token is invalid once a superuser exists.
    FirstRun,
}

impl Purpose {
    pub const ALL: [Self; 6] = [
        Self::Verify,
        Self::Address,
        Self::Reset,
        Self::Invite,
        Self::InviteSuperuser,
        Self::FirstRun,
    ];

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

    /// Tokens that give access to an account expire soon. Those that only verify an address last until somebody reads
    /// their mail.
    pub const fn lifetime(self) -> Duration {
        match self {
            Self::Verify | Self::Address => Duration::from_hours(24),
            Self::Reset | Self::Invite | Self::InviteSuperuser | Self::FirstRun => {
                Duration::from_mins(30)
            }
        }
    }
}

/// The maximum number of tokens of one purpose that a user has; a new one revokes the oldest. It is more than one for
/// password resets: anybody can request one, which must not invalidate the link that the owner is about to follow.
const fn max_tokens(purpose: Purpose) -> usize {
    match purpose {
        Purpose::Reset => 3,
        _ => 1,
    }
}

/// The kind of secret that the checksum of a one-time token covers.
const KIND: &str = "one-time";

/// The maximum length of a token in requests, in characters; issued tokens have 54.
pub const MAX_LENGTH: usize = 128;

/// The user of a token and the address that it verifies.
#[derive(Debug, Clone, Copy, Default)]
pub struct Holder<'a> {
    pub user_id: Option<i64>,
    pub email: Option<&'a str>,
}

/// Creates and stores a token, and returns its text.
pub async fn create(
    tx: &Tx,
    purpose: Purpose,
    holder: Holder<'_>,
    checksums: &Secret,
) -> Result<SecretString> {
    let token = token::random(checksums, KIND);
    store(tx, purpose, holder, token::hash(token.as_bytes())).await?;
    Ok(token.into())
}

/// Records a user's request as a token whose text nobody knows. Sending its mail creates the usable token.
pub async fn reserve(tx: &Tx, purpose: Purpose, holder: Holder<'_>) -> Result<()> {
    let unknown = rand::random::<[u8; 32]>().to_vec();
    store(tx, purpose, holder, unknown).await
}

/// Stores a token. It revokes the user's oldest tokens of this purpose; tokens without a user are independent.
async fn store(tx: &Tx, purpose: Purpose, holder: Holder<'_>, hash: Vec<u8>) -> Result<()> {
    if let Some(user) = holder.user_id {
        revoke_oldest(tx, user, purpose).await?;
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

/// The hash of a token that this installation issued. The token may have expired or been used.
pub struct Presented(Vec<u8>);

impl Presented {
    /// Fails with [`Error::Invalid`] at `/token` if the checksum is wrong, without a database lookup.
    pub async fn read(kernel: &Kernel, token: &SecretString) -> Result<Self> {
        let (checksums, text) = (checksum_key(kernel).await?, token.expose_secret());
        let is_issued = token::is_issued(checksums, KIND, text);
        let hash = is_issued.then(|| token::hash(text.as_bytes()));
        hash.map(Self).ok_or_else(invalid_token)
    }
}

/// Finds a valid token that has one of these purposes. It does not consume the token: it is for a check before expensive work.
///
/// Fails with [`Error::Invalid`] at `/token` if it is unknown, expired, used, or has another purpose.
pub async fn find(
    reads: &impl Reads,
    purposes: &[Purpose],
    token: &Presented,
) -> Result<(Purpose, Model)> {
    let valid = valid_of(purposes).add(Column::TokenHash.eq(token.0.as_slice()));
    let row = scope::plain::<Entity>().filter(valid).one(reads.db()?);
    let row = row.await?.ok_or_else(invalid_token)?;
    let mut all = purposes.iter().copied();
    let purpose = all.find(|purpose| purpose.as_str() == row.purpose);
    Ok((purpose.ok_or_else(invalid_token)?, row))
}

/// Returns the user of a token and the address that it was sent to.
pub fn user_and_email(row: &Model) -> Result<(i64, &str)> {
    let both = row.user_id.zip(row.email.as_deref());
    both.ok_or_else(invalid_token)
}

/// Consumes a valid token. If two requests use it at the same time, one of them fails.
pub async fn consume(tx: &Tx, purpose: Purpose, token: &Presented) -> Result<Model> {
    let (_, row) = find(tx, &[purpose], token).await?;
    if scope::erase::<Entity>(tx, Column::Id.eq(row.id)).await? == 1 {
        Ok(row)
    } else {
        Err(invalid_token())
    }
}

/// The newest valid token of this purpose that a user has.
pub async fn newest_of_user(
    reads: &impl Reads,
    user: i64,
    purpose: Purpose,
) -> Result<Option<Model>> {
    let valid = valid_of(&[purpose]).add(Column::UserId.eq(user));
    let row = scope::plain::<Entity>()
        .filter(valid)
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id);
    Ok(row.one(reads.db()?).await?)
}

async fn revoke_oldest(tx: &Tx, user: i64, purpose: Purpose) -> Result<()> {
    let newest = scope::plain::<Entity>()
        .filter(Column::UserId.eq(user))
        .filter(Column::Purpose.eq(purpose.as_str()))
        .order_by_desc(Column::CreatedAt)
        .order_by_desc(Column::Id)
        .select_only()
        .column(Column::Id);
    let newest: Vec<i64> = newest.into_tuple().all(tx).await?;
    let older: Vec<_> = newest.into_iter().skip(max_tokens(purpose) - 1).collect();
    if !older.is_empty() {
        scope::erase::<Entity>(tx, Column::Id.is_in(older)).await?;
    }
    Ok(())
}

/// Revokes all tokens of this user and purpose.
pub async fn revoke_all(tx: &Tx, user: i64, purpose: Purpose) -> Result<()> {
    let tokens = Column::UserId.eq(user);
    let tokens = tokens.and(Column::Purpose.eq(purpose.as_str()));
    scope::erase::<Entity>(tx, tokens).await.map(drop)
}

/// The error for an invalid token. It is the same for every reason.
pub fn invalid_token() -> Error {
    let detail = "unknown, expired or already used; request a new one";
    Error::invalid("/token", Code::InvalidToken, detail)
}

/// Checks the length of a token in a request.
pub(super) fn check_length(token: &SecretString, _: &()) -> garde::Result {
    match token.expose_secret().chars().count() {
        0 => Err(refuse(Code::Required, "must not be blank")),
        1..=MAX_LENGTH => Ok(()),
        _ => Err(refuse(
            Code::TooLong,
            format!("must have at most {MAX_LENGTH} characters"),
        )),
    }
}

fn valid_of(purposes: &[Purpose]) -> Condition {
    everything()
        .add(Column::Purpose.is_in(purposes.iter().map(|purpose| purpose.as_str())))
        .add(Column::ExpiresAt.gt(now()))
}
