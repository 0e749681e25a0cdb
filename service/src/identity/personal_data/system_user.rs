//! The user `[deleted]`, who owns the rows of deleted users. It is created when it is first needed.
use ::entity::users::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType,
};
use secrecy::SecretString;

use crate::identity::{Identity, Users};
use kernel::{
    Result, Session, Tx,
    audit::{AuditAction, Entry},
    query,
    resource::{now, scope},
};

/// The name and the address of the user. No client can register them: usernames have no brackets, addresses have an `@`.
const NAME: &str = "[deleted]";

/// The id of the advisory lock for creating the user. The number is arbitrary but unique.
const CREATE_LOCK: i64 = 0x4845_4952;

/// The hash of a random password, computed before the transaction so as not to keep it open.
pub struct Prepared {
    password_hash: String,
}

pub async fn prepare(session: &Session) -> Result<Prepared> {
    let random_password = SecretString::from(format!("{:x}", rand::random::<u128>()));
    let password_hash = session
        .state::<Identity>()
        .hasher
        .hash(random_password)
        .await?;
    Ok(Prepared { password_hash })
}

/// Returns the id of the user and creates it if needed. The user stays locked until the transaction ends.
pub async fn id(tx: &Tx, prepared: &Prepared) -> Result<i64> {
    if let Some(user) = find(tx).await? {
        return Ok(user.id);
    }
    tx.advisory_lock(CREATE_LOCK).await?;
    match find(tx).await? {
        Some(user) => Ok(user.id),
        None => create(tx, prepared).await,
    }
}

pub fn is_system_user(user: &Model) -> bool {
    user.username_key == NAME
}

async fn find(tx: &Tx) -> Result<Option<Model>> {
    let named = scope::all_live::<Users>().filter(Column::UsernameKey.eq(NAME));
    Ok(named.lock(LockType::Share).one(tx).await?)
}

async fn create(tx: &Tx, prepared: &Prepared) -> Result<i64> {
    let name = || Set(NAME.to_owned());
    let user = ActiveModel {
        created_at: Set(now()),
        updated_at: Set(now()),
        version: Set(1),
        username: name(),
        username_key: name(),
        email: name(),
        email_key: name(),
        full_name: Set(Some("Deleted user".to_owned())),
        password_hash: Set(prepared.password_hash.clone()),
        is_active: Set(false),
        is_superuser: Set(false),
        ..Default::default()
    };
    let user = Entity::insert(user).exec_with_returning(tx).await?;
    query::index::<Users>(tx, [&user]).await?;
    tx.record(Entry::diff::<Users>(AuditAction::Created, None, &user));
    Ok(user.id)
}
