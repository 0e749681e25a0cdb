//! Who a request comes from.
use std::sync::LazyLock;

use ::entity::{
    api_keys,
    sessions::{self, Column},
};
use chrono::{DateTime, Utc};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, JoinType, QueryResult,
    prelude::{DateTimeWithTimeZone, Json},
    sea_query::{Expr, ExprTrait, SelectStatement},
};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::{
    Settings,
    api_keys::{hash_of, is_key, usable},
    checksum_key,
    refresh::replaced_just_now,
    sessions::going_on,
    token::{Kind, Token},
    withheld,
};
use crate::{
    Actor, Application, Error, Kernel, Reads, Result, Session,
    actor::{Caller, Credential, Withheld},
    crud::{column, everything, now, scope},
    permission::Permission,
    roles,
};

/// Seconds for which a use is not noted again.
const NOTED: i64 = 60;

/// Notes that are written at once; a request that finds no place is noted by a later one.
static NOTES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(4));

/// Who a token or an API key stands for: the live and active user, with the permissions of the live roles. One statement, or none.
///
/// Fails with [`Error::Unauthenticated`] where it stands for nobody.
pub async fn resolve(kernel: &Kernel, text: &SecretString) -> Result<Actor> {
    if !is_key(text) {
        return resolve_token(kernel, text).await;
    }
    let hash = hash_of(text, &checksum_key(kernel).await?);
    let hash = hash.ok_or(Error::Unauthenticated)?;
    let caller = kernel
        .atoll()
        .callers
        .get(hash.clone(), by_key(kernel, &hash));
    Ok(Actor::User(caller.await?))
}

/// The same of a token alone: a cookie is never an API key.
pub async fn resolve_token(kernel: &Kernel, text: &SecretString) -> Result<Actor> {
    let checksums = checksum_key(kernel).await?;
    let token = Token::read(Kind::Access, text, &checksums).ok_or(Error::Unauthenticated)?;
    let hash = [token.family_hash.as_slice(), &token.hash].concat();
    let look_up = by_token(kernel, &token, Noted::Yes);
    let caller = kernel.atoll().callers.get(hash, look_up).await?;
    Ok(Actor::User(caller))
}

/// Who signed in just now. The answer to a sign-in is no use of its session, and must not keep its first use from being
/// noted: so it is not remembered.
pub(super) async fn resolve_unnoted(kernel: &Kernel, token: &Token) -> Result<Actor> {
    let (caller, _) = by_token(kernel, token, Noted::No).await?;
    Ok(Actor::User(caller))
}

/// Whether a look-up counts as a use of the session.
#[derive(PartialEq)]
enum Noted {
    Yes,
    No,
}

/// With until when that holds.
async fn by_token(
    kernel: &Kernel,
    token: &Token,
    noted: Noted,
) -> Result<(Caller, DateTimeWithTimeZone)> {
    let is_it = Condition::any()
        .add(Column::TokenHash.eq(token.hash.as_slice()))
        .add(replaced_just_now(token));
    let query = users_by(&kernel.atoll().auth, "sessions")
        .column(("sessions", "created_at"))
        .column(("sessions", "token_hash"))
        .column(("sessions", "token_expires_at"))
        .and_where(Column::FamilyHash.eq(token.family_hash.as_slice()))
        .and_where(Column::TokenExpiresAt.gt(now()))
        .cond_where(is_it)
        .cond_where(going_on(&kernel.atoll().auth)?)
        .take();
    let rows = kernel.database.reader().query_all(&query).await?;
    let (caller, first) = caller(&kernel.atoll().auth, &rows, Credential::Session)?;
    if noted == Noted::Yes {
        // The first use is noted at once: a session that was never used is the first to end.
        let used_at: DateTimeWithTimeZone = first.try_get("", "last_used_at")?;
        let is_first = used_at == first.try_get::<DateTimeWithTimeZone>("", "created_at")?;
        note_use::<sessions::Entity>(kernel, first, is_first)?;
    }
    let is_newest = first.try_get::<Vec<u8>>("", "token_hash")? == token.hash;
    let until = match is_newest {
        true => first.try_get("", "token_expires_at")?,
        false => now(),
    };
    Ok((caller, until))
}

/// What a key may do depends on what its owner may now.
async fn by_key(kernel: &Kernel, hash: &[u8]) -> Result<(Caller, DateTimeWithTimeZone)> {
    let query = users_by(&kernel.atoll().auth, "api_keys")
        .column(("api_keys", "scopes"))
        .column(("api_keys", "expires_at"))
        .and_where(api_keys::Column::KeyHash.eq(hash))
        .cond_where(usable())
        .take();
    let rows = kernel.database.reader().query_all(&query).await?;
    let (owner, first) = caller(&kernel.atoll().auth, &rows, Credential::ApiKey)?;
    let scopes: Json = first.try_get("", "scopes")?;
    let caller = owner.within(&roles::parse(&scopes).collect());
    note_use::<api_keys::Entity>(kernel, first, false)?;
    let until: Option<DateTimeWithTimeZone> = first.try_get("", "expires_at")?;
    Ok((caller, until.unwrap_or(DateTime::<Utc>::MAX_UTC.into())))
}

/// Those who may come in, one row for each of their live roles, by what they come in with.
fn users_by(settings: &Settings, table: &'static str) -> SelectStatement {
    users(settings)
        .expr_as(Expr::col((table, "id")), "credential_id")
        .column((table, "last_used_at"))
        .inner_join(table, Expr::col((table, "user_id")).equals(("users", "id")))
        .take()
}

fn users(settings: &Settings) -> SelectStatement {
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
    withheld::ask(settings, &mut users);
    users
}

/// What a user would be kept from who signed in now.
pub(crate) async fn withheld_from(session: &Session, user: i64) -> Result<Option<Withheld>> {
    let settings = &session.atoll().auth;
    let this = users(settings)
        .and_where(Expr::col(("users", "id")).eq(user))
        .take();
    let rows = session.db()?.query_all(&this).await?;
    withheld::of(settings, &rows)
}

/// With the first of the rows, which says of the credential what all of them say.
fn caller<'a>(
    settings: &Settings,
    rows: &'a [QueryResult],
    credential: fn(i64) -> Credential,
) -> Result<(Caller, &'a QueryResult)> {
    let first = rows.first().ok_or(Error::Unauthenticated)?;
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
        withheld: withheld::of(settings, rows)?,
    };
    Ok((caller, first))
}

/// Beside the request, which does not wait for it.
fn note_use<E: scope::Plain>(kernel: &Kernel, row: &QueryResult, is_first: bool) -> Result<()> {
    let used_at: Option<DateTimeWithTimeZone> = row.try_get("", "last_used_at")?;
    let id: i64 = row.try_get("", "credential_id")?;
    let long_ago = now() - chrono::Duration::seconds(NOTED);
    let place = NOTES.try_acquire().ok();
    let is_due = is_first || used_at.is_none_or(|used_at| used_at < long_ago);
    let Some(place) = place.filter(|_| is_due) else {
        return Ok(());
    };
    let (key, last_used_at) = (column::<E>("id"), column::<E>("last_used_at"));
    let never = || {
        last_used_at
            .into_expr()
            .eq(column::<E>("created_at").into_expr())
    };
    let unnoted = Condition::any()
        .add(last_used_at.is_null())
        .add(last_used_at.lt(long_ago))
        .add_option(is_first.then(never));
    // Another request may have noted it meanwhile.
    let this = everything().add(key.eq(id)).add(unnoted);
    let session = kernel.session(Actor::System);
    tokio::task::spawn_local(async move {
        let _place = place;
        let noted = session.write(async |tx| {
            let values = [(last_used_at, Expr::val(now()))];
            scope::update_plain::<E>(tx, this.clone(), values).await
        });
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the use of a credential was not noted; the next one is");
        }
    });
    Ok(())
}
