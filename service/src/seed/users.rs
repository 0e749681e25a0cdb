//! Users, each with the role `member`.
use ::entity::{
    roles, user_roles,
    users::{ActiveModel, Entity},
};
use chrono::Duration;
use sea_orm::{
    ActiveValue::Set, ColumnTrait, EntityTrait, QueryFilter, QuerySelect, sea_query::LockType,
};
use secrecy::SecretString;

use super::{
    in_batches, insert,
    sample::{Time, chance, last_id},
    text,
    timeline::Timeline,
};
use crate::identity::{Identity, Roles, Users, password::hash_shared, users::key};
use kernel::{
    Readable, Result, Session, Tx, query,
    resource::{now, scope},
};

/// The age of the first user.
const MAX_AGE: Duration = Duration::days(730);

/// All of them get this password, or a random one that is not shown.
pub async fn seed(
    session: &Session,
    count: u32,
    password: Option<SecretString>,
    progress: &impl Fn(u32),
) -> Result<()> {
    if count == 0 {
        return Ok(());
    }
    let hash = if let Some(password) = password {
        hash_shared(session, password).await?
    } else {
        let random = SecretString::from(format!("{:032x}", rand::random::<u128>()));
        session.state::<Identity>().hasher.hash(random).await?
    };
    let first = last_id(session, Users::name()).await? + 1;
    let timeline = Timeline::new(now() - MAX_AGE, count);
    in_batches(session, count, progress, async |tx, rows| {
        let user = |row| user(first + i64::from(row), timeline.moment(row), &hash);
        write(tx, rows.map(user).collect()).await
    })
    .await
}

async fn write(tx: &Tx, users: Vec<ActiveModel>) -> Result<()> {
    let since: Vec<_> = users.iter().map(|user| user.created_at.clone()).collect();
    let users = Entity::insert_many(users).exec_with_returning(tx).await?;
    query::index::<Users>(tx, &users).await?;
    let ids = users.iter().map(|user| user.id);
    let member = scope::all_live::<Roles>()
        .filter(roles::Column::Name.eq("member"))
        .filter(roles::Column::IsSystem.eq(true));
    let Some(member) = member.lock(LockType::Share).one(tx).await? else {
        return Ok(());
    };
    let link = |(user, created_at)| user_roles::ActiveModel {
        user_id: Set(user),
        role_id: Set(member.id),
        created_at,
    };
    insert(tx, ids.zip(since).map(link).collect()).await
}

fn user(number: i64, since: Time, hash: &str) -> ActiveModel {
    let (first, last) = text::name();
    let username = format!(
        "{}.{}{number}",
        text::ascii_lowercase(&first),
        text::ascii_lowercase(&last)
    );
    let email = format!("{username}@example.org");
    ActiveModel {
        created_at: Set(since),
        updated_at: Set(since),
        version: Set(1),
        username_key: Set(key(&username)),
        username: Set(username),
        email_key: Set(key(&email)),
        email: Set(email),
        full_name: Set(Some(format!("{first} {last}"))),
        bio: Set(chance(70).then(text::remark)),
        password_hash: Set(hash.to_owned()),
        is_active: Set(chance(98)),
        is_superuser: Set(false),
        ..Default::default()
    }
}
