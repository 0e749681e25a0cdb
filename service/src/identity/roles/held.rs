//! The roles and permissions that users hold. Deleted roles grant nothing.
use std::collections::HashMap;

use sea_orm::{
    ConnectionTrait, QueryResult,
    prelude::Json,
    sea_query::{Expr, ExprTrait, SelectStatement},
};

use super::parse;
use kernel::{Result, permission::Permission, resource::scope};

/// The sorted role names of each user.
pub async fn names(db: &impl ConnectionTrait, users: &[i64]) -> Result<HashMap<i64, Vec<String>>> {
    let mut query = assigned();
    query
        .column(("user_roles", "user_id"))
        .column(("roles", "name"))
        .and_where(Expr::col(("user_roles", "user_id")).is_in(users.iter().copied()))
        .order_by(("roles", "name"), sea_orm::Order::Asc);
    let mut names: HashMap<i64, Vec<String>> = HashMap::new();
    for row in db.query_all(&query).await? {
        names
            .entry(row.try_get("", "user_id")?)
            .or_default()
            .push(row.try_get("", "name")?);
    }
    Ok(names)
}

/// The permissions of those users who have any.
pub async fn permissions_of(
    db: &impl ConnectionTrait,
    users: &[i64],
) -> Result<HashMap<i64, Vec<Permission>>> {
    let mut query = assigned();
    query
        .column(("user_roles", "user_id"))
        .column(("roles", "permissions"))
        .and_where(Expr::col(("user_roles", "user_id")).is_in(users.iter().copied()));
    let mut all: HashMap<i64, Vec<Permission>> = HashMap::new();
    for row in db.query_all(&query).await? {
        let permissions = all.entry(row.try_get("", "user_id")?).or_default();
        permissions.extend(parse(&row.try_get::<Json>("", "permissions")?));
    }
    Ok(all)
}

/// A live role and its permissions.
#[derive(Debug)]
pub struct Granted {
    pub role: String,
    pub permissions: Vec<Permission>,
}

/// All live roles, or those of a user, sorted by name.
pub async fn granted(db: &impl ConnectionTrait, user: Option<i64>) -> Result<Vec<Granted>> {
    let mut query = match user {
        None => scope::live_ids("roles").clear_selects().take(),
        Some(user) => assigned()
            .and_where(Expr::col(("user_roles", "user_id")).eq(user))
            .take(),
    };
    query
        .column(("roles", "name"))
        .column(("roles", "permissions"))
        .order_by(("roles", "name"), sea_orm::Order::Asc);
    let granted = |row: QueryResult| {
        Ok(Granted {
            role: row.try_get("", "name")?,
            permissions: parse(&row.try_get::<Json>("", "permissions")?).collect(),
        })
    };
    db.query_all(&query)
        .await?
        .into_iter()
        .map(granted)
        .collect()
}

fn assigned() -> SelectStatement {
    scope::live_ids("roles")
        .clear_selects()
        .inner_join(
            "user_roles",
            Expr::col(("user_roles", "role_id")).equals(("roles", "id")),
        )
        .take()
}
