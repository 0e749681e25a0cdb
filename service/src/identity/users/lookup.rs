//! Finds users by name.
use ::entity::users::{Column, Model};
use sea_orm::{ColumnTrait, QueryFilter};

use super::{Users, key};
use kernel::{Error, Reads, Result, resource::scope};

/// The live user of this name, regardless of case.
pub async fn by_username(reads: &impl Reads, username: &str) -> Result<Model> {
    let named = Column::UsernameKey.eq(key(username));
    let user = scope::live::<Users>(reads.actor()).filter(named);
    user.one(reads.db()?).await?.ok_or(Error::NotFound)
}
