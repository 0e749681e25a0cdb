//! Finds users by name.
use ::entity::users::{Column, Model};
use sea_orm::{ColumnTrait, QueryFilter, QueryOrder, QuerySelect};

use super::{Users, key};
use kernel::{Error, Reads, Result, resource::scope, suggest};

/// The most names that are compared with a misspelt one.
const MOST_COMPARED: u64 = 10_000;

/// The live user of this name, regardless of case.
pub async fn by_username(reads: &impl Reads, username: &str) -> Result<Model> {
    let named = Column::UsernameKey.eq(key(username));
    let user = scope::live::<Users>(reads.actor()).filter(named);
    user.one(reads.db()?).await?.ok_or(Error::NotFound)
}

/// The name of a live user that is most like this one, among the oldest users.
pub async fn similar_username(reads: &impl Reads, username: &str) -> Result<Option<String>> {
    let names = scope::live::<Users>(reads.actor())
        .select_only()
        .column(Column::Username)
        .order_by_asc(Column::Id)
        .limit(MOST_COMPARED);
    let names: Vec<String> = names.into_tuple().all(reads.db()?).await?;
    let similar = suggest::nearest(username, names.iter().map(String::as_str));
    Ok(similar.map(str::to_owned))
}
