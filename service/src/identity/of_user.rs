//! The sessions and API keys of a user, for callers who manage users. The caller must hold all permissions of the user, as for
//! every change of a user.
use ::entity::{api_keys, sessions, users};
use sea_orm::{
    ColumnTrait, EntityTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait, LockType},
};

use super::{
    ApiKeys, Identity, SessionRow, Sessions, Users,
    api_keys::{record_change, unexpired_keys},
    sessions::{active_sessions, record_sign_out},
};
use kernel::{
    Crud, CrudOperations, Error, Readable, Reads, Result, Session, Tx,
    access::Access,
    audit::AuditAction,
    crud::{Plan, read},
    permission::Action,
    query::ListQuery,
    resource::{RowPage, scope},
};

/// Lists the sessions of a user that have not ended. The caller must have checked the permission.
pub async fn list_sessions_of(
    session: &Session,
    user: i64,
    query: &mut ListQuery<Sessions>,
) -> Result<RowPage<SessionRow, ()>> {
    query.bind_to(Users::name(), user);
    let rows = scope::all_live::<Sessions>()
        .filter(sessions::Column::UserId.eq(user))
        .filter(active_sessions(&session.state::<Identity>().settings)?);
    read::page(session, Plan::for_rows(session, query, rows).await?).await
}

/// Lists the API keys of a user that have not expired. The caller must have checked the permission.
pub async fn list_api_keys_of(
    session: &Session,
    user: i64,
    query: &mut ListQuery<ApiKeys>,
) -> Result<RowPage<api_keys::Model, ()>> {
    query.bind_to(Users::name(), user);
    let rows = scope::all_live::<ApiKeys>()
        .filter(api_keys::Column::UserId.eq(user))
        .filter(unexpired_keys());
    read::page(session, Plan::for_rows(session, query, rows).await?).await
}

/// Fails unless the actor may change the user, and with [`Error::NotFound`] if the user has no session with this id.
pub async fn has_session_of(session: &Session, user: i64, id: i64) -> Result<()> {
    require::<sessions::Entity>(session, user, session_of(user, id)).await
}

/// Fails unless the actor may change the user, and with [`Error::NotFound`] if the user has no API key with this id.
pub async fn has_api_key_of(session: &Session, user: i64, id: i64) -> Result<()> {
    require::<api_keys::Entity>(session, user, api_key_of(user, id)).await
}

async fn require<E: EntityTrait>(session: &Session, user: i64, this: Expr) -> Result<()> {
    Users::dry_run(session, Access::Live(Action::Update), user).await?;
    let found = scope::plain::<E>().filter(this).one(session.db()?).await?;
    found.map(drop).ok_or(Error::NotFound)
}

fn session_of(user: i64, id: i64) -> Expr {
    sessions::Column::UserId
        .eq(user)
        .and(sessions::Column::Id.eq(id))
}

fn api_key_of(user: i64, id: i64) -> Expr {
    api_keys::Column::UserId
        .eq(user)
        .and(api_keys::Column::Id.eq(id))
}

/// Ends all sessions of a user at once, on every node.
pub async fn end_sessions_of(tx: &Tx, user: i64) -> Result<()> {
    authorize(tx, user).await?;
    let all = sessions::Column::UserId.eq(user);
    match scope::erase::<sessions::Entity>(tx, all).await? {
        0 => Ok(()),
        _ => record_sign_out(tx, user).await,
    }
}

/// Ends one session of a user at once, on every node. Fails with [`Error::NotFound`] if the user has no session with this id.
pub async fn end_session_of(tx: &Tx, user: i64, id: i64) -> Result<()> {
    authorize(tx, user).await?;
    match scope::erase::<sessions::Entity>(tx, session_of(user, id)).await? {
        0 => Err(Error::NotFound),
        _ => record_sign_out(tx, user).await,
    }
}

/// Revokes an API key of a user at once, on every node. Fails with [`Error::NotFound`] if the user has no key with this id.
pub async fn revoke_api_key_of(tx: &Tx, user: i64, id: i64) -> Result<()> {
    authorize(tx, user).await?;
    let key = scope::plain::<api_keys::Entity>()
        .filter(api_key_of(user, id))
        .lock(LockType::Update);
    let key = key.one(tx).await?.ok_or(Error::NotFound)?;
    scope::erase::<api_keys::Entity>(tx, api_keys::Column::Id.eq(key.id)).await?;
    record_change(tx, AuditAction::KeyRevoked, &key).await
}

/// Locks the user, and fails unless the actor may change them.
async fn authorize(tx: &Tx, user: i64) -> Result<users::Model> {
    let user = scope::lock::<Users>(tx, tx.actor(), user).await?;
    let user = user.ok_or(Error::NotFound)?;
    let verdicts = Users::authorize(tx, Action::Update, std::slice::from_ref(&user)).await?;
    verdicts.into_iter().collect::<Result<()>>()?;
    Ok(user)
}
