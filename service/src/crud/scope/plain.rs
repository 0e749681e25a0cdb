//! Tables without soft deletion: what belongs to the service itself.
use sea_orm::{
    Condition, ConnectionTrait, EntityTrait, QueryFilter, Select, UpdateMany,
    sea_query::{DeleteStatement, Expr, ExprTrait, Query, SelectStatement},
};

use crate::Result;

/// A table without soft deletion, whose rows live and die with those of a resource.
pub trait Plain: EntityTrait {}
impl Plain for ::entity::api_keys::Entity {}
impl Plain for ::entity::audit_blocks::Entity {}
impl Plain for ::entity::audit_entries::Entity {}
impl Plain for ::entity::audit_prunes::Entity {}
impl Plain for ::entity::audit_seals::Entity {}
impl Plain for ::entity::deletions::Entity {}
impl Plain for ::entity::idempotency_keys::Entity {}
impl Plain for ::entity::last_logins::Entity {}
impl Plain for ::entity::mails::Entity {}
impl Plain for ::entity::one_time_tokens::Entity {}
impl Plain for ::entity::recovery_codes::Entity {}
impl Plain for ::entity::secrets::Entity {}
impl Plain for ::entity::sessions::Entity {}
impl Plain for ::entity::throttles::Entity {}
impl Plain for ::entity::totp_secrets::Entity {}
impl Plain for ::entity::user_roles::Entity {}
impl Plain for ::entity::verified_emails::Entity {}
impl Plain for ::entity::written_bytes::Entity {}

pub fn plain<E: Plain>() -> Select<E> {
    E::find()
}

/// A plain table under another name, for statements that read it twice.
pub fn plain_as<E: Plain>(name: &'static str) -> SelectStatement {
    Query::select().from_as(E::default(), name).take()
}

/// Removes the rows of a plain table for which `condition` holds; how many.
pub async fn erase<E: Plain>(
    db: &impl ConnectionTrait,
    condition: impl Into<Condition>,
) -> Result<u64> {
    Ok(E::delete_many()
        .filter(condition.into())
        .exec(db)
        .await?
        .rows_affected)
}

/// Sets columns of the rows of a plain table for which `condition` holds; how many.
pub async fn update_plain<E: Plain>(
    db: &impl ConnectionTrait,
    condition: impl Into<Condition>,
    values: impl IntoIterator<Item = (E::Column, Expr)>,
) -> Result<u64> {
    let update = E::update_many().filter(condition.into());
    let set = |update: UpdateMany<E>, (column, value)| update.col_expr(column, value);
    let update = values.into_iter().fold(update, set);
    Ok(update.exec(db).await?.rows_affected)
}

/// Removes rows of a plain table that refer to rows of a resource.
pub fn erase_links(
    table: &'static str,
    column: &'static str,
    rows: SelectStatement,
) -> DeleteStatement {
    Query::delete()
        .from_table(table)
        .and_where(Expr::col((table, column)).in_subquery(rows))
        .take()
}
