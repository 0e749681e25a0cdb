//! Whom the rows belong to that users leave behind: a user of the service's own, made when it is needed first.
use ::entity::users::{ActiveModel, Column, Entity, Model};
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType,
};
use secrecy::SecretString;

use crate::{
    Application, Result, Session, Tx, Users,
    audit::{Did, Entry},
    crud::{now, scope},
    query,
};

/// No client can have this name, nor this address: usernames have no brackets, addresses have an `@`.
const NAME: &str = "[deleted]";

/// Names the lock under which it is made; any number of our own will do.
const MAKER: i64 = 0x4845_4952;

/// What it needs that must not hold a transaction open: the hash of a password that nobody knows.
pub struct Prepared {
    password_hash: String,
}

pub async fn prepare(session: &Session) -> Result<Prepared> {
    let nobody_knows = SecretString::from(format!("{:x}", rand::random::<u128>()));
    let password_hash = session.atoll().hasher.hash(nobody_knows).await?;
    Ok(Prepared { password_hash })
}

/// Its id. It stays live until the transaction ends, like everybody who gets rows.
pub async fn id(tx: &Tx, prepared: &Prepared) -> Result<i64> {
    if let Some(user) = find(tx).await? {
        return Ok(user.id);
    }
    tx.one_at_a_time(MAKER).await?;
    match find(tx).await? {
        Some(user) => Ok(user.id),
        None => make(tx, prepared).await,
    }
}

pub fn is_system_user(user: &Model) -> bool {
    user.username_key == NAME
}

async fn find(tx: &Tx) -> Result<Option<Model>> {
    let named = scope::all_live::<Users>().filter(Column::UsernameKey.eq(NAME));
    Ok(named.lock(LockType::Share).one(tx).await?)
}

async fn make(tx: &Tx, prepared: &Prepared) -> Result<i64> {
    let name = || Set(NAME.to_owned());
    let user = ActiveModel {
        created_at: Set(now()),
        updated_at: Set(now()),
        version: Set(1),
        username: name(),
        username_key: name(),
        email: name(),
        email_key: name(),
        full_name: Set(Some("Somebody who left".to_owned())),
        password_hash: Set(prepared.password_hash.clone()),
        is_active: Set(false),
        is_superuser: Set(false),
        ..Default::default()
    };
    let user = Entity::insert(user).exec_with_returning(tx).await?;
    query::index::<Users>(tx, [&user]).await?;
    tx.record(Entry::between::<Users>(Did::Created, None, &user));
    Ok(user.id)
}
