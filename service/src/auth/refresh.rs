//! Renewing the tokens of a session (RFC 9700, section 4.14.2): each refresh token is of use once.
use ::entity::sessions::{Column, Entity, Model};
use garde::Validate;
use schemars::JsonSchema;
use sea_orm::{
    ColumnTrait, QueryFilter, QuerySelect,
    prelude::DateTimeWithTimeZone,
    sea_query::{Expr, LockType},
};
use secrecy::SecretString;
use serde::Deserialize;

use super::{
    Settings, SignIn, checksum_key, key,
    login::{not_too_long, shown},
    sessions::{Tokens, going_on, length, signed_out},
    token::{Kind, Token},
};
use crate::{
    Application, Error, Result, Session, Tx,
    crud::{now, scope},
    password::MAX_LENGTH,
};

/// Seconds in which a token that was replaced still counts: clients of one user may race each other.
const GRACE: i64 = 10;

/// What becomes of a refresh token.
enum Turn {
    /// Taken, or taken a moment ago by another client of the same user: these are the tokens now.
    Renewed(Tokens),
    /// Somebody has a token that was replaced: nobody knows who of the two is the thief, so both are out.
    Ended,
}

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RefreshToken {
    #[garde(custom(not_too_long))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub refresh_token: SecretString,
}

/// Fails with [`Error::Unauthenticated`] where the token is of no use, and ends its session where it was used before.
pub async fn refresh(session: &Session, input: &RefreshToken) -> Result<SignIn> {
    let tokens = renew(session, &input.refresh_token).await?;
    let user = shown(session, &tokens).await?;
    Ok(SignIn {
        tokens,
        user,
        device: None,
    })
}

async fn renew(session: &Session, token: &SecretString) -> Result<Tokens> {
    let checksums = checksum_key(&session.kernel).await?;
    let token = Token::read(Kind::Refresh, token, &checksums).ok_or(Error::Unauthenticated)?;
    let key = key(&session.kernel, "tokens").await?;
    let next = |kind| token.next(kind, &key, &checksums);
    let next = (next(Kind::Access), next(Kind::Refresh));
    let settings = &session.atoll().auth;
    let turn = session.write(async |tx| turn(tx, settings, &token, &next).await);
    match turn.await? {
        Turn::Renewed(tokens) => Ok(tokens),
        Turn::Ended => Err(Error::Unauthenticated),
    }
}

async fn turn(
    tx: &Tx,
    settings: &Settings,
    token: &Token,
    (access, refresh): &(Token, Token),
) -> Result<Turn> {
    let session = scope::plain::<Entity>()
        .filter(Column::FamilyHash.eq(token.family_hash.as_slice()))
        .filter(going_on(settings)?)
        .lock(LockType::Update);
    let session = session.one(tx).await?.ok_or(Error::Unauthenticated)?;
    let tokens = |expires_at| Tokens {
        access: access.clone(),
        refresh: Some(refresh.clone()),
        expires_at,
        session_expires_at: session.expires_at,
    };
    if is(session.refresh_hash.as_ref(), token) {
        let soon = now() + length(settings.token_lifetime)?;
        let expires_at = Ord::min(soon, session.expires_at);
        replace(tx, &session, (access, refresh), expires_at).await?;
        tx.forget_caller(session.user_id);
        return Ok(Turn::Renewed(tokens(expires_at)));
    }
    let grace = now() - chrono::Duration::seconds(GRACE);
    if is(session.previous_refresh_hash.as_ref(), token) && session.replaced_at > Some(grace) {
        // Of another key: the operator changed it in between.
        return match is(session.refresh_hash.as_ref(), refresh) {
            true => Ok(Turn::Renewed(tokens(session.token_expires_at))),
            false => Err(Error::Unauthenticated),
        };
    }
    tracing::warn!(
        user_id = session.user_id,
        session_id = session.id,
        "a refresh token was used again: its session is ended"
    );
    scope::erase::<Entity>(tx, Column::Id.eq(session.id)).await?;
    signed_out(tx, session.user_id).await?;
    Ok(Turn::Ended)
}

async fn replace(
    tx: &Tx,
    session: &Model,
    (access, refresh): (&Token, &Token),
    expires_at: DateTimeWithTimeZone,
) -> Result<()> {
    // One that had its time gets no more of it.
    let is_good = session.token_expires_at > now();
    let previous = is_good.then(|| session.token_hash.clone());
    let values = [
        (Column::PreviousTokenHash, Expr::val(previous)),
        (
            Column::PreviousRefreshHash,
            Expr::val(session.refresh_hash.clone()),
        ),
        (Column::TokenHash, Expr::val(access.hash.clone())),
        (Column::RefreshHash, Expr::val(refresh.hash.clone())),
        (Column::ReplacedAt, Expr::val(now())),
        (Column::LastUsedAt, Expr::val(now())),
        (Column::TokenExpiresAt, Expr::val(expires_at)),
    ];
    let this = Column::Id.eq(session.id);
    scope::update_plain::<Entity>(tx, this, values)
        .await
        .map(drop)
}

/// Hashes of random bits: how long the comparison takes tells nothing.
fn is(hash: Option<&Vec<u8>>, token: &Token) -> bool {
    hash == Some(&token.hash)
}

/// The access token that was replaced, for requests that were under way.
pub(super) fn replaced_just_now(token: &Token) -> sea_orm::Condition {
    let grace = now() - chrono::Duration::seconds(GRACE);
    sea_orm::Condition::all()
        .add(Column::PreviousTokenHash.eq(token.hash.as_slice()))
        .add(Column::ReplacedAt.gt(grace))
}
