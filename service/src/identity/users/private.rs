//! The data of users that only they and actors with `users.read` see, read for a whole page at once.
use std::collections::HashMap;

use ::entity::{last_logins, users::Model};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter, prelude::DateTimeWithTimeZone};

use crate::{identity::Users, identity::roles};
use kernel::{
    Reads, Result,
    resource::shows_private,
    resource::{json_size, scope},
};

#[derive(Debug)]
pub struct UserRow {
    pub user: Model,
    /// `None` if the actor may not see it.
    pub private: Option<Private>,
}

#[derive(Debug, Default)]
pub struct Private {
    /// Sorted role names.
    pub roles: Vec<String>,
    pub last_login_at: Option<DateTimeWithTimeZone>,
}

impl From<Model> for UserRow {
    fn from(user: Model) -> Self {
        Self {
            user,
            private: None,
        }
    }
}

pub async fn load(reads: &impl Reads, users: Vec<Model>) -> Result<Vec<UserRow>> {
    let is_shown = |user: &&Model| shows_private::<Users>(reads.actor(), user);
    let ids: Vec<i64> = users.iter().filter(is_shown).map(|user| user.id).collect();
    if ids.is_empty() {
        return Ok(users.into_iter().map(UserRow::from).collect());
    }
    let db = reads.db()?;
    let mut names = roles::names(db, &ids).await?;
    let logins = last_logins(db, &ids).await?;
    let row = |user: Model| {
        let private = ids.contains(&user.id).then(|| Private {
            roles: names.remove(&user.id).unwrap_or_default(),
            last_login_at: logins.get(&user.id).copied(),
        });
        UserRow { user, private }
    };
    Ok(users.into_iter().map(row).collect())
}

/// The size of the added data of a user in bytes.
pub fn size(row: &UserRow) -> u64 {
    let roles = row.private.iter().flat_map(|private| &private.roles);
    roles.map(|name| json_size(name) + 1).sum()
}

async fn last_logins(
    db: &impl ConnectionTrait,
    ids: &[i64],
) -> Result<HashMap<i64, DateTimeWithTimeZone>> {
    let by_users = last_logins::Column::UserId.is_in(ids.iter().copied());
    let logins = scope::plain::<last_logins::Entity>()
        .filter(by_users)
        .all(db)
        .await?;
    Ok(logins
        .into_iter()
        .map(|login| (login.user_id, login.last_login_at))
        .collect())
}
