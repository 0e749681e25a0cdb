//! Looks up the caller of a request by its token or API key.
use std::sync::LazyLock;

use ::entity::{api_keys, sessions::Column};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, JoinType, QueryResult,
    prelude::{DateTimeWithTimeZone, Json},
    sea_query::{Expr, ExprTrait, SelectStatement},
};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::{
    Identity, Settings,
    api_keys::{ApiKeys, has_key_prefix, hash_if_issued, unexpired_keys},
    checksum_key,
    refresh::recently_replaced,
    sessions::{Sessions, active_sessions},
    token::{Kind, Token},
    withheld,
};
use crate::identity::roles;
use kernel::{
    Actor, Error, Kernel, Reads, Result, Session,
    actor::{Caller, Credential, Withheld},
    permission::Permission,
    resource::{Columns, everything, now, scope},
};

/// Seconds after which the use of a credential is stored again.
const USE_INTERVAL: i64 = 60;

/// The limit of concurrent writes of last uses. A use beyond it is left to a later request.
static USE_WRITES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(4));

/// Returns the caller of a token or an API key: a live and active user with the permissions of their live roles. It takes
/// at most one statement.
///
/// Fails with [`Error::InvalidToken`] if the credential is invalid.
pub async fn resolve(kernel: &Kernel, text: &SecretString) -> Result<Actor> {
    if !has_key_prefix(text) {
        return resolve_token(kernel, text).await;
    }
    let hash = hash_if_issued(text, checksum_key(kernel).await?);
    let hash = hash.ok_or(Error::InvalidToken)?;
    let caller = kernel
        .state::<Identity>()
        .callers
        .get(hash.clone(), by_key(kernel, &hash));
    Ok(Actor::User(caller.await?))
}

/// Returns the caller of a token. API keys are refused, because a cookie never holds one.
pub async fn resolve_token(kernel: &Kernel, text: &SecretString) -> Result<Actor> {
    let checksums = checksum_key(kernel).await?;
    let token = Token::read(Kind::Access, text, checksums).ok_or(Error::InvalidToken)?;
    let hash = [token.family_hash.as_slice(), &token.hash].concat();
    let look_up = by_token(kernel, &token, Use::Stored);
    let caller = kernel
        .state::<Identity>()
        .callers
        .get(hash, look_up)
        .await?;
    Ok(Actor::User(caller))
}

/// Returns the caller who just signed in, without storing a use or caching the caller: the first request after the
/// sign-in must count as the first use of the session.
pub(super) async fn resolve_without_use(kernel: &Kernel, token: &Token) -> Result<Actor> {
    let (caller, _) = by_token(kernel, token, Use::Ignored).await?;
    Ok(Actor::User(caller))
}

/// Whether a lookup counts as a use of the session.
#[derive(PartialEq)]
enum Use {
    Stored,
    Ignored,
}

/// Returns the caller of a token, and when that answer expires.
async fn by_token(
    kernel: &Kernel,
    token: &Token,
    usage: Use,
) -> Result<(Caller, DateTimeWithTimeZone)> {
    let is_current = Condition::any()
        .add(Column::TokenHash.eq(token.hash.as_slice()))
        .add(recently_replaced(token));
    let query = users_by_credential(&kernel.state::<Identity>().settings, "sessions")
        .column(("sessions", "created_at"))
        .column(("sessions", "token_hash"))
        .column(("sessions", "token_expires_at"))
        .and_where(Column::FamilyHash.eq(token.family_hash.as_slice()))
        .and_where(Column::TokenExpiresAt.gt(now()))
        .cond_where(is_current)
        .cond_where(active_sessions(&kernel.state::<Identity>().settings)?)
        .take();
    let rows = kernel.database.reader().query_all(&query).await?;
    let (caller, first) = caller_from_rows(
        &kernel.state::<Identity>().settings,
        &rows,
        Credential::Session,
    )?;
    if usage == Use::Stored {
        // The first use is stored at once, because sessions that were never used are the first to be ended.
        let used_at: DateTimeWithTimeZone = first.try_get("", "last_used_at")?;
        let is_first = used_at == first.try_get::<DateTimeWithTimeZone>("", "created_at")?;
        store_use::<Sessions>(kernel, first, is_first)?;
    }
    let is_newest = first.try_get::<Vec<u8>>("", "token_hash")? == token.hash;
    let until = if is_newest {
        first.try_get("", "token_expires_at")?
    } else {
        now()
    };
    Ok((caller, until))
}

/// Returns the caller of a key, limited to its scopes and its owner's current permissions, and when that answer expires.
async fn by_key(kernel: &Kernel, hash: &[u8]) -> Result<(Caller, DateTimeWithTimeZone)> {
    let query = users_by_credential(&kernel.state::<Identity>().settings, "api_keys")
        .column(("api_keys", "scopes"))
        .column(("api_keys", "expires_at"))
        .and_where(api_keys::Column::KeyHash.eq(hash))
        .cond_where(unexpired_keys())
        .take();
    let rows = kernel.database.reader().query_all(&query).await?;
    let (owner, first) = caller_from_rows(
        &kernel.state::<Identity>().settings,
        &rows,
        Credential::ApiKey,
    )?;
    let scopes: Json = first.try_get("", "scopes")?;
    let caller = owner.limited_to(&roles::parse(&scopes).collect());
    store_use::<ApiKeys>(kernel, first, false)?;
    let until: Option<DateTimeWithTimeZone> = first.try_get("", "expires_at")?;
    Ok((caller, until.unwrap_or(DateTime::<Utc>::MAX_UTC.into())))
}

/// Selects active users with their credentials of one table, one row for each live role.
fn users_by_credential(settings: &Settings, table: &'static str) -> SelectStatement {
    active_users(settings)
        .expr_as(Expr::col((table, "id")), "credential_id")
        .column((table, "last_used_at"))
        .inner_join(table, Expr::col((table, "user_id")).equals(("users", "id")))
        .take()
}

/// Selects active users, one row for each of their live roles.
fn active_users(settings: &Settings) -> SelectStatement {
    let this_role = Condition::all()
        .add(Expr::col(("roles", "id")).equals(("user_roles", "role_id")))
        .add(scope::is_live("roles"));
    let mut users = scope::live_ids("users");
    users
        .column(("users", "is_superuser"))
        .column(("roles", "permissions"))
        .left_join(
            "user_roles",
            Expr::col(("user_roles", "user_id")).equals(("users", "id")),
        )
        .join(JoinType::LeftJoin, "roles", this_role)
        .and_where(Expr::col(("users", "is_active")).eq(true));
    withheld::select_columns(settings, &mut users);
    users
}

/// Returns the requirement that a user would not meet if they signed in now.
pub(crate) async fn withheld_for_user(session: &Session, user: i64) -> Result<Option<Withheld>> {
    let settings = &session.state::<Identity>().settings;
    let this = active_users(settings)
        .and_where(Expr::col(("users", "id")).eq(user))
        .take();
    let rows = session.db()?.query_all(&this).await?;
    withheld::from_rows(settings, &rows)
}

/// Builds the caller from the rows of one user. It also returns the first row, for the columns that are equal in all rows.
fn caller_from_rows<'a>(
    settings: &Settings,
    rows: &'a [QueryResult],
    credential: fn(i64) -> Credential,
) -> Result<(Caller, &'a QueryResult)> {
    let first = rows.first().ok_or(Error::InvalidToken)?;
    let mut permissions: Vec<Permission> = Vec::new();
    for row in rows {
        if let Some(role) = row.try_get::<Option<Json>>("", "permissions")? {
            permissions.extend(roles::parse(&role));
        }
    }
    let caller = Caller {
        user_id: first.try_get("", "id")?,
        credential: credential(first.try_get("", "credential_id")?),
        is_superuser: first.try_get("", "is_superuser")?,
        grants: permissions.into_iter().collect(),
        scopes: None,
        withheld: withheld::from_rows(settings, rows)?,
    };
    Ok((caller, first))
}

/// A list of credentials with the time of their last use.
trait Credentials: Columns {
    const LAST_USED_AT: kernel::resource::Column<Self>;
}

impl Credentials for Sessions {
    const LAST_USED_AT: Column = Column::LastUsedAt;
}

impl Credentials for ApiKeys {
    const LAST_USED_AT: api_keys::Column = api_keys::Column::LastUsedAt;
}

/// Stores the last use of a credential, if that is due. The request does not wait for the write.
fn store_use<C: Credentials>(kernel: &Kernel, row: &QueryResult, is_first: bool) -> Result<()> {
    let used_at: Option<DateTimeWithTimeZone> = row.try_get("", "last_used_at")?;
    let id: i64 = row.try_get("", "credential_id")?;
    let due_before = now() - chrono::Duration::seconds(USE_INTERVAL);
    let permit = USE_WRITES.try_acquire().ok();
    let is_due = is_first || used_at.is_none_or(|used_at| used_at < due_before);
    // In read-only mode uses are not stored.
    let is_due = is_due && kernel.database.check_mode().is_ok();
    let Some(permit) = permit.filter(|_| is_due) else {
        return Ok(());
    };
    let never = || C::LAST_USED_AT.into_expr().eq(C::CREATED_AT.into_expr());
    let outdated = Condition::any()
        .add(C::LAST_USED_AT.is_null())
        .add(C::LAST_USED_AT.lt(due_before))
        .add_option(is_first.then(never));
    // Another request may have stored a use meanwhile.
    let this = everything().add(C::ID.eq(id)).add(outdated);
    let session = kernel.session(Actor::System);
    tokio::task::spawn_local(async move {
        let _permit = permit;
        let noted = session.write(async |tx| {
            let values = [(C::LAST_USED_AT, Expr::val(now()))];
            scope::update_plain::<C::Entity>(tx, this.clone(), values).await
        });
        if let Err(error) = noted.await {
            tracing::debug!(%error, "could not store the last use of a credential; the next use tries again");
        }
    });
    Ok(())
}
