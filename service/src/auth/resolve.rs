//! Who a request comes from.
use std::sync::LazyLock;

use ::entity::sessions::{self, Column};
use sea_orm::{
    ColumnTrait, Condition, ConnectionTrait, JoinType, QueryResult,
    prelude::{DateTimeWithTimeZone, Json},
    sea_query::{Expr, ExprTrait},
};
use secrecy::SecretString;
use tokio::sync::Semaphore;

use super::{
    refresh::replaced_just_now,
    sessions::going_on,
    token::{Kind, Token},
};
use crate::{
    Actor, Atoll, Error, Result,
    actor::{Caller, Credential},
    crud::{now, scope},
    permission::Permission,
    roles,
};

/// Seconds for which the use of a session is not noted again.
const NOTED: i64 = 60;

/// Notes that are written at once; a request whose session finds no place is noted by a later one.
static NOTES: LazyLock<Semaphore> = LazyLock::new(|| Semaphore::new(4));

/// Who a token stands for: the live and active user, with the permissions of the live roles. One statement, or none.
///
/// Fails with [`Error::Unauthenticated`] where it stands for nobody.
pub async fn resolve(atoll: &Atoll, token: &SecretString) -> Result<Actor> {
    let token = Token::read(Kind::Access, token).ok_or(Error::Unauthenticated)?;
    let hash = [token.family_hash.as_slice(), &token.hash].concat();
    let caller = atoll.callers.get(hash, look_up(atoll, &token)).await?;
    Ok(Actor::User(caller))
}

/// With until when that holds.
async fn look_up(atoll: &Atoll, token: &Token) -> Result<(Caller, DateTimeWithTimeZone)> {
    let is_it = Condition::any()
        .add(Column::TokenHash.eq(token.hash.as_slice()))
        .add(replaced_just_now(token));
    let this_role = Condition::all()
        .add(Expr::col(("roles", "id")).equals(("user_roles", "role_id")))
        .add(scope::is_live("roles"));
    let query = scope::live_ids("users")
        .column(("users", "is_superuser"))
        .expr_as(Expr::col(("sessions", "id")), "session_id")
        .column(("sessions", "token_hash"))
        .column(("sessions", "token_expires_at"))
        .column(("sessions", "last_used_at"))
        .column(("roles", "permissions"))
        .inner_join(
            "sessions",
            Expr::col(("sessions", "user_id")).equals(("users", "id")),
        )
        .left_join(
            "user_roles",
            Expr::col(("user_roles", "user_id")).equals(("users", "id")),
        )
        .join(JoinType::LeftJoin, "roles", this_role)
        .and_where(Expr::col(("users", "is_active")).eq(true))
        .and_where(Column::FamilyHash.eq(token.family_hash.as_slice()))
        .and_where(Column::TokenExpiresAt.gt(now()))
        .cond_where(is_it)
        .cond_where(going_on(&atoll.auth)?)
        .take();
    let rows = atoll.database.reader().query_all(&query).await?;
    let caller = caller(&rows)?;
    let used_at: DateTimeWithTimeZone = rows[0].try_get("", "last_used_at")?;
    if used_at < now() - chrono::Duration::seconds(NOTED) {
        note_use(atoll, &caller);
    }
    let is_newest = rows[0].try_get::<Vec<u8>>("", "token_hash")? == token.hash;
    let until = match is_newest {
        true => rows[0].try_get("", "token_expires_at")?,
        false => now(),
    };
    Ok((caller, until))
}

fn caller(rows: &[QueryResult]) -> Result<Caller> {
    let first = rows.first().ok_or(Error::Unauthenticated)?;
    let mut permissions: Vec<Permission> = Vec::new();
    for row in rows {
        if let Some(role) = row.try_get::<Option<Json>>("", "permissions")? {
            permissions.extend(roles::parse(&role));
        }
    }
    Ok(Caller {
        user_id: first.try_get("", "id")?,
        credential: Credential::Session(first.try_get("", "session_id")?),
        is_superuser: first.try_get("", "is_superuser")?,
        grants: permissions.into_iter().collect(),
    })
}

/// Beside the request, which does not wait for it.
fn note_use(atoll: &Atoll, caller: &Caller) {
    let (Ok(place), Some(id)) = (NOTES.try_acquire(), caller.credential.session()) else {
        return;
    };
    let session = atoll.session(Actor::System);
    tokio::task::spawn_local(async move {
        let _place = place;
        // Another request may have noted it meanwhile.
        let long_ago = now() - chrono::Duration::seconds(NOTED);
        let this = Column::Id.eq(id).and(Column::LastUsedAt.lt(long_ago));
        let values = [(Column::LastUsedAt, Expr::val(now()))];
        let noted = session.write(async |tx| {
            scope::update_plain::<sessions::Entity>(tx, this.clone(), values.clone()).await
        });
        if let Err(error) = noted.await {
            tracing::debug!(%error, "the use of a session was not noted; the next one is");
        }
    });
}
