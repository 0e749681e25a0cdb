//! Sign-in sessions: creating, listing and ending them.
use std::{cmp::Reverse, time::Duration};

use ::entity::{
    sessions::{ActiveModel, Column, Entity, Model},
    users,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, Condition, EntityTrait, QueryFilter, QuerySelect,
    prelude::DateTimeWithTimeZone,
    sea_query::{ExprTrait, IntoCondition, LockType},
};

use secrecy::SecretString;

use super::{
    Identity, Settings,
    callers::Callers,
    checksum_key,
    token::{Kind, Token},
};
use crate::identity::Users;
use kernel::{
    Actor, Error, Readable, Reads, Result, Session, Tx,
    actor::Caller,
    audit::{AuditAction, Entry},
    crud::{Plan, read},
    list_columns,
    query::ListQuery,
    resource::{Field, RowPage, everything, now, own_rows, scope},
    secret::Secret,
};

/// The maximum number of sessions of a user; [`make_room`] chooses the one that ends.
pub const MAX_SESSIONS: u64 = 100;
const MAX_KEPT: usize = 100;

/// The maximum length of a label in characters.
const MAX_LABEL: usize = 200;

/// The tokens of a session.
#[derive(Debug)]
pub struct Tokens {
    pub access: Token,
    /// `None` if the access token lasts as long as the session, as it does in a cookie.
    pub refresh: Option<Token>,
    /// When the access token expires.
    pub expires_at: DateTimeWithTimeZone,
    pub session_expires_at: DateTimeWithTimeZone,
}

/// The way in which a client holds its tokens. It decides how long they are valid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum TokenMode {
    /// The access token is valid for about an hour; a refresh token replaces it.
    Refreshable,
    /// The access token is a cookie and is valid as long as the session.
    Cookie,
}

/// The sign-in sessions of the caller.
pub struct Sessions;

list_columns!(Sessions);

/// A session as its user sees it.
#[derive(Debug)]
pub struct SessionRow {
    pub session: Model,
    /// Whether this is the session of the request.
    pub is_current: bool,
}

impl From<Model> for SessionRow {
    fn from(session: Model) -> Self {
        Self {
            session,
            is_current: false,
        }
    }
}

impl Readable for Sessions {
    type Row = SessionRow;

    const OWNER: Option<Column> = Some(Column::UserId);
    const FIELDS: &'static [Field<Column>] = &[
        Field::public(Column::Label),
        Field::public(Column::LastUsedAt),
        Field::public(Column::ExpiresAt),
    ];
    const COMPUTED: &'static [&'static str] = &["is_current"];

    fn visible(actor: &Actor) -> Condition {
        own_rows::<Self>(actor)
    }

    async fn load(reads: &impl Reads, sessions: Vec<Model>) -> Result<Vec<SessionRow>> {
        let caller = reads.actor().caller();
        let this = caller.and_then(|caller| caller.credential.session());
        let row = |session: Model| SessionRow {
            is_current: this == Some(session.id),
            session,
        };
        Ok(sessions.into_iter().map(row).collect())
    }
}

/// Stores a new session.
pub(super) async fn insert(tx: &Tx, user: i64, tokens: &Tokens, label: Option<&str>) -> Result<()> {
    let at = now();
    let session = ActiveModel {
        user_id: Set(user),
        family_hash: Set(tokens.access.family_hash.clone()),
        token_hash: Set(tokens.access.hash.clone()),
        refresh_hash: Set(tokens.refresh.as_ref().map(|token| token.hash.clone())),
        token_expires_at: Set(tokens.expires_at),
        label: Set(label.and_then(clean_label)),
        created_at: Set(at),
        last_used_at: Set(at),
        expires_at: Set(tokens.session_expires_at),
        ..Default::default()
    };
    Entity::insert(session).exec_without_returning(tx).await?;
    Ok(())
}

/// Ends sessions of a user so that one more fits into the maximum: first expired ones, then those that were never used
/// since their sign-in, then the least recently used ones.
pub(super) async fn make_room(
    tx: &Tx,
    user: i64,
    settings: &Settings,
    callers: &Callers,
) -> Result<()> {
    let sessions = scope::plain::<Entity>()
        .filter(Column::UserId.eq(user))
        .limit(2 * MAX_SESSIONS);
    let mut sessions = sessions.all(tx).await?;
    if sessions.len() < MAX_KEPT {
        return Ok(());
    }
    // The stored time of the last use is up to a minute old.
    let used_at =
        |session: &Model| Ord::max(callers.last_use(session.id), Some(session.last_used_at));
    let idle = now() - to_chrono(settings.session_idle)?;
    let rank = |session: &Model| {
        let used_at = used_at(session);
        let is_over = session.expires_at <= now() || used_at <= Some(idle);
        let is_used = used_at > Some(session.created_at);
        (!is_over, is_used, used_at, session.id)
    };
    sessions.sort_by_cached_key(|session| Reverse(rank(session)));
    let ended = sessions.iter().skip(MAX_KEPT - 1).map(|session| session.id);
    scope::erase::<Entity>(tx, Column::Id.is_in(ended)).await?;
    Ok(())
}

/// Creates the tokens of a new session.
pub(super) fn new_tokens(
    settings: &Settings,
    mode: TokenMode,
    checksums: &Secret,
) -> Result<Tokens> {
    let access = Token::new_family(Kind::Access, checksums);
    let session_expires_at = now() + to_chrono(settings.session_lifetime)?;
    let soon = now() + to_chrono(settings.token_lifetime)?;
    let (refresh, expires_at) = match mode {
        TokenMode::Refreshable => (
            Some(access.sibling(Kind::Refresh, checksums)),
            Ord::min(soon, session_expires_at),
        ),
        TokenMode::Cookie => (None, session_expires_at),
    };
    Ok(Tokens {
        access,
        refresh,
        expires_at,
        session_expires_at,
    })
}

/// Lists the caller's own sessions that have not ended.
pub async fn list_sessions(
    session: &Session,
    query: &ListQuery<Sessions>,
) -> Result<RowPage<SessionRow, ()>> {
    current_session(session)?;
    let active = active_sessions(&session.state::<Identity>().settings)?;
    let rows = scope::live::<Sessions>(session.actor()).filter(active);
    read::page(session, Plan::for_rows(session, query, rows).await?).await
}

/// Ends one of the caller's sessions at once. Fails with [`Error::NotFound`] if there is no session with this id.
pub async fn end_session(session: &Session, id: i64) -> Result<()> {
    let (user, _) = current_session(session)?;
    let this = Column::Id.eq(id).and(Column::UserId.eq(user));
    match end_matching(session, user, this.into()).await? {
        0 => Err(Error::NotFound),
        _ => Ok(()),
    }
}

/// Fails with [`Error::NotFound`] if the caller has no session with this id.
pub async fn has_session(session: &Session, id: i64) -> Result<()> {
    let (user, _) = current_session(session)?;
    let this = Column::Id.eq(id).and(Column::UserId.eq(user));
    let found = scope::plain::<Entity>().filter(this).one(session.db()?);
    found.await?.map(drop).ok_or(Error::NotFound)
}

/// Ends all sessions of the caller, except the current one if `keeps_current` is set.
pub async fn end_all_sessions(session: &Session, keeps_current: bool) -> Result<()> {
    let (user, this) = current_session(session)?;
    let mut condition = everything().add(Column::UserId.eq(user));
    if keeps_current {
        condition = condition.add(Column::Id.ne(this));
    }
    end_matching(session, user, condition).await.map(drop)
}

/// Ends the session of the request at once.
pub async fn logout(session: &Session) -> Result<()> {
    let (user, this) = current_session(session)?;
    let this = Column::Id.eq(this).into_condition();
    end_matching(session, user, this).await.map(drop)
}

/// Ends all sessions of these users.
pub(crate) async fn end_sessions(tx: &Tx, users: &[i64]) -> Result<()> {
    let by_users = Column::UserId.is_in(users.iter().copied());
    scope::erase::<Entity>(tx, by_users).await?;
    Ok(())
}

/// Ends all sessions of a user except one.
pub(super) async fn end_other_sessions(tx: &Tx, user: i64, this: i64) -> Result<()> {
    let others = Column::UserId.eq(user).and(Column::Id.ne(this));
    scope::erase::<Entity>(tx, others).await.map(drop)
}

/// Ends the session of a token that a new sign-in of the same browser replaces, so that no old session stays valid (OWASP
/// ASVS 5.0, 7.2.4).
pub async fn end_replaced(session: &Session, before: &SecretString) -> Result<()> {
    let checksums = checksum_key(&session.kernel).await?;
    let Some(before) = Token::read(Kind::Access, before, checksums) else {
        return Ok(());
    };
    let this = scope::plain::<Entity>()
        .filter(Column::FamilyHash.eq(before.family_hash))
        .filter(Column::TokenHash.eq(before.hash));
    let this = this.one(session.db()?).await?;
    let Some(Model { id, user_id, .. }) = this else {
        return Ok(());
    };
    end_matching(session, user_id, Column::Id.eq(id).into_condition())
        .await
        .map(drop)
}

async fn end_matching(session: &Session, user: i64, which: Condition) -> Result<u64> {
    session
        .write(async |tx| {
            let ended = scope::erase::<Entity>(tx, which.clone()).await?;
            if ended > 0 {
                record_sign_out(tx, user).await?;
            }
            Ok(ended)
        })
        .await
}

pub(super) async fn record_sign_out(tx: &Tx, user: i64) -> Result<()> {
    tx.record(audit_entry(tx, AuditAction::SignedOut, user).await?);
    Ok(())
}

/// An audit entry for an event that does not change the user's row.
pub(super) async fn audit_entry(tx: &Tx, action: AuditAction, user: i64) -> Result<Entry> {
    let version = scope::all_live::<Users>()
        .filter(scope::has_id::<Users>(user))
        .select_only()
        .column(users::Column::Version);
    // `None` if the user was deleted meanwhile.
    let version: Option<i64> = version.into_tuple().one(tx).await?;
    let user = (user, version.unwrap_or_default());
    Ok(Entry::new(Users::name(), action, user))
}

/// The ids of the caller and of their session. Fails for an API key, which cannot manage the account.
pub(super) fn current_session(reads: &impl Reads) -> Result<(i64, i64)> {
    let of = |caller: &Caller| Some((caller.user_id, caller.credential.session()?));
    let caller = reads.actor().caller().and_then(of);
    caller.ok_or(Error::forbidden(
        "API keys cannot manage the account; sign in with your password",
    ))
}

/// Locks the user, and fails if they are not active or if this session has ended meanwhile. Without it, a request that was
/// under way when the session ended could still create credentials.
pub(super) async fn check_session_active(tx: &Tx, user: i64, session: i64) -> Result<()> {
    let active = scope::all_live::<Users>()
        .filter(scope::has_id::<Users>(user))
        .filter(users::Column::IsActive.eq(true))
        .lock(LockType::NoKeyUpdate);
    active.one(tx).await?.ok_or(Error::Unauthenticated)?;
    let this = Column::Id.eq(session).and(Column::UserId.eq(user));
    let this = scope::plain::<Entity>().filter(this).one(tx).await?;
    this.map(drop).ok_or(Error::Unauthenticated)
}

/// Matches sessions that have expired or were idle for too long.
pub(crate) fn expired_sessions(settings: &Settings) -> Result<Condition> {
    let idle = now() - to_chrono(settings.session_idle)?;
    Ok(Condition::any()
        .add(Column::ExpiresAt.lte(now()))
        .add(Column::LastUsedAt.lte(idle)))
}

/// Matches sessions that have neither expired nor been idle for too long.
pub(super) fn active_sessions(settings: &Settings) -> Result<Condition> {
    let idle = now() - to_chrono(settings.session_idle)?;
    Ok(everything()
        .add(Column::ExpiresAt.gt(now()))
        .add(Column::LastUsedAt.gt(idle)))
}

pub(super) fn to_chrono(time: Duration) -> Result<chrono::Duration> {
    chrono::Duration::from_std(time).map_err(Error::internal)
}

/// The User-Agent without control characters, cut to the maximum length of a label.
fn clean_label(agent: &str) -> Option<String> {
    let plain = agent.chars().filter(|char| !char.is_control());
    let label: String = plain.take(MAX_LABEL).collect();
    (!label.trim().is_empty()).then_some(label)
}
