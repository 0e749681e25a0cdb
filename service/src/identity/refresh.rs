//! Refreshing the tokens of a session (RFC 9700, section 4.14.2). Each refresh token is valid once.
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
    Identity, Settings, SignIn, checksum_key, key,
    login::{check_password_field, user_of_tokens},
    sessions::{Tokens, active_sessions, record_sign_out, to_chrono},
    token::{Kind, Token},
};
use crate::identity::password::MAX_LENGTH;
use kernel::{
    Error, Result, Session, Tx,
    resource::{now, scope},
};

/// Seconds for which a replaced token stays valid, because clients of one user may race each other.
const GRACE: i64 = 10;

/// The outcome of a refresh.
enum Outcome {
    /// The session has these tokens now, from this request or from one a moment ago.
    Renewed(Tokens),
    /// The token was already replaced, so somebody may have stolen it. The session is ended for both holders.
    Reused,
}

#[derive(Debug, Clone, Default, Deserialize, Validate, JsonSchema)]
#[serde(deny_unknown_fields, default)]
pub struct RefreshToken {
    #[garde(custom(check_password_field))]
    #[schemars(with = "String", length(min = 1, max = MAX_LENGTH))]
    pub refresh_token: SecretString,
}

/// Replaces the tokens of a session.
///
/// Fails with [`Error::Unauthenticated`] if the token is invalid. If it was used before, its session ends.
pub async fn refresh(session: &Session, input: &RefreshToken) -> Result<SignIn> {
    let tokens = refresh_tokens(session, &input.refresh_token).await?;
    let user = user_of_tokens(session, &tokens).await?;
    Ok(SignIn {
        tokens,
        user,
        device: None,
    })
}

async fn refresh_tokens(session: &Session, token: &SecretString) -> Result<Tokens> {
    let checksums = checksum_key(&session.kernel).await?;
    let token = Token::read(Kind::Refresh, token, checksums).ok_or(Error::Unauthenticated)?;
    let key = key(&session.kernel, "tokens").await?;
    let next = |kind| token.next(kind, &key, checksums);
    let next = (next(Kind::Access), next(Kind::Refresh));
    let settings = &session.state::<Identity>().settings;
    let outcome = session.write(async |tx| rotate(tx, settings, &token, &next).await);
    match outcome.await? {
        Outcome::Renewed(tokens) => Ok(tokens),
        Outcome::Reused => Err(Error::Unauthenticated),
    }
}

async fn rotate(
    tx: &Tx,
    settings: &Settings,
    token: &Token,
    (access, refresh): &(Token, Token),
) -> Result<Outcome> {
    let session = scope::plain::<Entity>()
        .filter(Column::FamilyHash.eq(token.family_hash.as_slice()))
        .filter(active_sessions(settings)?)
        .lock(LockType::Update);
    let session = session.one(tx).await?.ok_or(Error::Unauthenticated)?;
    let tokens = |expires_at| Tokens {
        access: access.clone(),
        refresh: Some(refresh.clone()),
        expires_at,
        session_expires_at: session.expires_at,
    };
    if matches(session.refresh_hash.as_ref(), token) {
        let soon = now() + to_chrono(settings.token_lifetime)?;
        let expires_at = Ord::min(soon, session.expires_at);
        store_tokens(tx, &session, (access, refresh), expires_at).await?;
        tx.forget_caller(session.user_id);
        return Ok(Outcome::Renewed(tokens(expires_at)));
    }
    let grace = now() - chrono::Duration::seconds(GRACE);
    if matches(session.previous_refresh_hash.as_ref(), token) && session.replaced_at > Some(grace) {
        // The successor differs if the operator changed `auth.key` in between.
        return if matches(session.refresh_hash.as_ref(), refresh) {
            Ok(Outcome::Renewed(tokens(session.token_expires_at)))
        } else {
            Err(Error::Unauthenticated)
        };
    }
    tracing::warn!(
        user_id = session.user_id,
        session_id = session.id,
        "a refresh token was used twice; its session has ended"
    );
    scope::erase::<Entity>(tx, Column::Id.eq(session.id)).await?;
    record_sign_out(tx, session.user_id).await?;
    Ok(Outcome::Reused)
}

async fn store_tokens(
    tx: &Tx,
    session: &Model,
    (access, refresh): (&Token, &Token),
    expires_at: DateTimeWithTimeZone,
) -> Result<()> {
    // An access token that has expired gets no grace period.
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

/// Returns true if this is the hash of the token. Hashes of random bits need no comparison in constant time.
fn matches(hash: Option<&Vec<u8>>, token: &Token) -> bool {
    hash == Some(&token.hash)
}

/// Matches the session whose access token was this one until a moment ago, for requests that were under way.
pub(super) fn recently_replaced(token: &Token) -> sea_orm::Condition {
    let grace = now() - chrono::Duration::seconds(GRACE);
    sea_orm::Condition::all()
        .add(Column::PreviousTokenHash.eq(token.hash.as_slice()))
        .add(Column::ReplacedAt.gt(grace))
}
