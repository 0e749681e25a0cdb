//! Sign-in sessions: how they begin, who has which, and how they end.
use std::{cmp::Reverse, time::Duration};

use ::entity::{
    sessions::{ActiveModel, Column, Entity, Model},
    users,
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QueryOrder, QuerySelect,
    prelude::DateTimeWithTimeZone,
    sea_query::{ExprTrait, IntoCondition, LockType},
};

use secrecy::SecretString;

use super::{
    Callers, Settings, checksum_key,
    token::{Kind, Token},
};
use crate::{
    Application, Crud, Error, Reads, Result, Session, Tx, Users,
    actor::Caller,
    audit::{Did, Entry},
    crud::{everything, now, scope},
    secret::Secret,
};

/// Sessions of a user at most; [`make_room`] says which one ends then.
pub const MOST: u64 = 100;
const MOST_KEPT: usize = 100;

/// Characters of a label at most.
const LABEL: usize = 200;

/// What a client signs its requests with.
#[derive(Debug)]
pub struct Tokens {
    pub access: Token,
    /// None where the other lasts as long as the session: a browser keeps it as a cookie.
    pub refresh: Option<Token>,
    /// Of the access token.
    pub expires_at: DateTimeWithTimeZone,
    pub session_expires_at: DateTimeWithTimeZone,
}

/// How long tokens are of use.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Hold {
    /// An hour or so; then the other is exchanged for new ones.
    Renewed,
    /// As long as the session.
    Kept,
}

/// A session, as its user sees it.
#[derive(Debug)]
pub struct Device {
    pub id: i64,
    /// What the client said that it is.
    pub label: Option<String>,
    pub created_at: DateTime<Utc>,
    /// To the minute.
    pub last_used_at: DateTime<Utc>,
    /// Whether or not it is used.
    pub expires_at: DateTime<Utc>,
    /// Whether this is the session that asks.
    pub is_current: bool,
}

/// Signs a user in.
pub(super) async fn open(tx: &Tx, user: i64, tokens: &Tokens, label: Option<&str>) -> Result<()> {
    let at = now();
    let session = ActiveModel {
        user_id: Set(user),
        family_hash: Set(tokens.access.family_hash.clone()),
        token_hash: Set(tokens.access.hash.clone()),
        refresh_hash: Set(tokens.refresh.as_ref().map(|token| token.hash.clone())),
        token_expires_at: Set(tokens.expires_at),
        label: Set(label.and_then(readable)),
        created_at: Set(at),
        last_used_at: Set(at),
        expires_at: Set(tokens.session_expires_at),
        ..Default::default()
    };
    Entity::insert(session).exec_without_returning(tx).await?;
    Ok(())
}

/// Ends as many sessions of a user as one more would be too many: first those that are over, then those that were never
/// used since their sign-in, then those that were not used for the longest time.
pub(super) async fn make_room(
    tx: &Tx,
    user: i64,
    settings: &Settings,
    callers: &Callers,
) -> Result<()> {
    let theirs = scope::plain::<Entity>()
        .filter(Column::UserId.eq(user))
        .limit(2 * MOST);
    let mut theirs = theirs.all(tx).await?;
    if theirs.len() < MOST_KEPT {
        return Ok(());
    }
    // What is stored of a use is up to a minute old.
    let used_at =
        |session: &Model| Ord::max(callers.last_use(session.id), Some(session.last_used_at));
    let idle = now() - length(settings.session_idle)?;
    let worth = |session: &Model| {
        let used_at = used_at(session);
        let is_over = session.expires_at <= now() || used_at <= Some(idle);
        let is_used = used_at > Some(session.created_at);
        (!is_over, is_used, used_at, session.id)
    };
    theirs.sort_by_cached_key(|session| Reverse(worth(session)));
    let ended = theirs.iter().skip(MOST_KEPT - 1).map(|session| session.id);
    scope::erase::<Entity>(tx, Column::Id.is_in(ended)).await?;
    Ok(())
}

/// Tokens of a session that begins.
pub(super) fn begin(settings: &Settings, hold: Hold, checksums: &Secret) -> Result<Tokens> {
    let access = Token::fresh(Kind::Access, checksums);
    let session_expires_at = now() + length(settings.session_lifetime)?;
    let soon = now() + length(settings.token_lifetime)?;
    let (refresh, expires_at) = match hold {
        Hold::Renewed => (
            Some(access.beside(Kind::Refresh, checksums)),
            Ord::min(soon, session_expires_at),
        ),
        Hold::Kept => (None, session_expires_at),
    };
    Ok(Tokens {
        access,
        refresh,
        expires_at,
        session_expires_at,
    })
}

/// One's own, the last used first.
pub async fn sessions(session: &Session) -> Result<Vec<Device>> {
    let (user, this) = signed_in(session)?;
    let mine = scope::plain::<Entity>()
        .filter(Column::UserId.eq(user))
        .filter(going_on(&session.atoll().auth)?)
        .order_by_desc(Column::LastUsedAt)
        .order_by_desc(Column::Id)
        .limit(MOST);
    let device = |session: Model| Device {
        id: session.id,
        label: session.label,
        created_at: session.created_at.to_utc(),
        last_used_at: session.last_used_at.to_utc(),
        expires_at: session.expires_at.to_utc(),
        is_current: session.id == this,
    };
    let mine = mine.all(session.db()?).await?;
    Ok(mine.into_iter().map(device).collect())
}

/// Ends one of one's own sessions, at once. Fails with [`Error::NotFound`] where there is none of that id.
pub async fn end_session(session: &Session, id: i64) -> Result<()> {
    let (user, _) = signed_in(session)?;
    let this = Column::Id.eq(id).and(Column::UserId.eq(user));
    match end_own(session, user, this.into()).await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}

/// Whether one has a session of that id. Fails with [`Error::NotFound`] where one has not.
pub async fn has_session(session: &Session, id: i64) -> Result<()> {
    let (user, _) = signed_in(session)?;
    let this = Column::Id.eq(id).and(Column::UserId.eq(user));
    let found = scope::plain::<Entity>().filter(this).one(session.db()?);
    found.await?.map(drop).ok_or(Error::NotFound)
}

/// Ends all of one's own sessions, this one too unless it is kept.
pub async fn end_all_sessions(session: &Session, keeps_current: bool) -> Result<()> {
    let (user, this) = signed_in(session)?;
    let mut mine = everything().add(Column::UserId.eq(user));
    if keeps_current {
        mine = mine.add(Column::Id.ne(this));
    }
    end_own(session, user, mine).await.map(drop)
}

/// Ends the session that the actor came with, at once.
pub async fn logout(session: &Session) -> Result<()> {
    let (user, this) = signed_in(session)?;
    let this = Column::Id.eq(this).into_condition();
    end_own(session, user, this).await.map(drop)
}

/// Signs users out everywhere.
pub(crate) async fn end_sessions(tx: &Tx, users: &[i64]) -> Result<()> {
    let theirs = Column::UserId.is_in(users.iter().copied());
    scope::erase::<Entity>(tx, theirs).await?;
    Ok(())
}

/// Signs a user out everywhere else.
pub(super) async fn end_others(tx: &Tx, user: i64, this: i64) -> Result<()> {
    let others = Column::UserId.eq(user).and(Column::Id.ne(this));
    scope::erase::<Entity>(tx, others).await.map(drop)
}

/// Ends the session of a token that another sign-in from the same browser replaced: none is taken over (OWASP ASVS 5.0, 7.2.4).
pub async fn end_replaced(session: &Session, before: &SecretString) -> Result<()> {
    let checksums = checksum_key(&session.kernel).await?;
    let Some(before) = Token::read(Kind::Access, before, &checksums) else {
        return Ok(());
    };
    let this = scope::plain::<Entity>()
        .filter(Column::FamilyHash.eq(before.family_hash))
        .filter(Column::TokenHash.eq(before.hash));
    let this = this.one(session.db()?).await?;
    let Some(Model { id, user_id, .. }) = this else {
        return Ok(());
    };
    end_own(session, user_id, Column::Id.eq(id).into_condition())
        .await
        .map(drop)
}

async fn end_own(session: &Session, user: i64, which: Condition) -> Result<u64> {
    session
        .write(async |tx| {
            let ended = scope::erase::<Entity>(tx, which.clone()).await?;
            if ended > 0 {
                signed_out(tx, user).await?;
            }
            Ok(ended)
        })
        .await
}

pub(super) async fn signed_out(tx: &Tx, user: i64) -> Result<()> {
    tx.record(about(tx, Did::SignedOut, user).await?);
    Ok(())
}

/// An entry on what is no change of the user.
pub(super) async fn about(tx: &Tx, did: Did, user: i64) -> Result<Entry> {
    let version = scope::all_live::<Users>()
        .filter(scope::is::<Users>(user))
        .select_only()
        .column(users::Column::Version);
    // None where the user was deleted meanwhile.
    let version: Option<i64> = version.into_tuple().one(tx).await?;
    let user = (user, version.unwrap_or_default());
    Ok(Entry::of(Users::name(), did, user))
}

/// Who asks, and by which session: an API key manages no account.
pub(super) fn signed_in(reads: &impl Reads) -> Result<(i64, i64)> {
    let of = |caller: &Caller| Some((caller.user_id, caller.credential.session()?));
    let caller = reads.actor().caller().and_then(of);
    caller.ok_or(Error::Forbidden(
        "an API key manages no account: sign in with your password",
    ))
}

/// Locks the user, who must be active, and fails where this session of theirs has ended meanwhile: what a request makes
/// that was under way then would stay behind.
pub(super) async fn still_signed_in(tx: &Tx, user: i64, session: i64) -> Result<()> {
    let active = scope::all_live::<Users>()
        .filter(scope::is::<Users>(user))
        .filter(users::Column::IsActive.eq(true))
        .lock(LockType::NoKeyUpdate);
    active.one(tx).await?.ok_or(Error::Unauthenticated)?;
    let this = Column::Id.eq(session).and(Column::UserId.eq(user));
    let this = scope::plain::<Entity>().filter(this).one(tx).await?;
    this.map(drop).ok_or(Error::Unauthenticated)
}

/// What has had its time, or was left unused.
pub(crate) fn over(settings: &Settings) -> Result<Condition> {
    let idle = now() - length(settings.session_idle)?;
    Ok(Condition::any()
        .add(Column::ExpiresAt.lte(now()))
        .add(Column::LastUsedAt.lte(idle)))
}

/// What is not over.
pub(super) fn going_on(settings: &Settings) -> Result<Condition> {
    let idle = now() - length(settings.session_idle)?;
    Ok(everything()
        .add(Column::ExpiresAt.gt(now()))
        .add(Column::LastUsedAt.gt(idle)))
}

pub(super) fn length(time: Duration) -> Result<chrono::Duration> {
    chrono::Duration::from_std(time).map_err(Error::internal)
}

fn readable(agent: &str) -> Option<String> {
    let plain = agent.chars().filter(|char| !char.is_control());
    let label: String = plain.take(LABEL).collect();
    (!label.trim().is_empty()).then_some(label)
}
