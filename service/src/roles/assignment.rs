//! Giving roles to users and taking them away, which counts as a change of the user.
use ::entity::{
    roles::{Column, Model},
    user_roles,
    users::Model as User,
};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, ConnectionTrait, EntityTrait, QueryFilter, QueryOrder, QuerySelect, QueryTrait,
    sea_query::{Expr, ExprTrait, LockType, OnConflict, Query},
};

use super::{Roles, parse};
use crate::{
    Crud, Error, Reads, Result, Tx, Users,
    audit::{Did, Entry},
    crud::{Page, Target, everything, now, read, scope},
    permission::Action,
    query::ListQuery,
    users::guard,
};

/// Idempotent.
pub async fn assign(tx: &Tx, user: impl Into<Target>, role: i64) -> Result<()> {
    let target = user.into();
    let (user, role) = (target.id, lock(tx, &target, role).await?);
    match insert(tx, [user], role.id).await? {
        0 => Ok(()),
        _ => changed(tx, user, role.id).await,
    }
}

/// Idempotent.
pub async fn unassign(tx: &Tx, user: impl Into<Target>, role: i64) -> Result<()> {
    let target = user.into();
    let (user, role) = (target.id, lock(tx, &target, role).await?);
    let this = user_roles::Column::UserId
        .eq(user)
        .and(user_roles::Column::RoleId.eq(role.id));
    match scope::erase::<user_roles::Entity>(tx, this).await? {
        0 => Ok(()),
        _ => changed(tx, user, role.id).await,
    }
}

/// The roles of a user, for those who may see them without `roles.read`: whoever calls this has checked that.
pub async fn of_user(
    reads: &impl Reads,
    user: i64,
    query: &mut ListQuery<Roles>,
) -> Result<Page<Model>> {
    query.bind_to(Users::name(), user);
    let theirs = scope::plain::<user_roles::Entity>()
        .filter(user_roles::Column::UserId.eq(user))
        .select_only()
        .column(user_roles::Column::RoleId)
        .into_query();
    let roles = scope::shown::<Roles>(reads.actor(), query.shape.deleted, everything());
    read::list::<Roles>(reads, query, roles.filter(Column::Id.in_subquery(theirs))).await
}

/// A role that the service gives new users by its name, if there still is one.
pub async fn assign_built_in(tx: &Tx, users: &[&User], name: &str) -> Result<()> {
    let role = scope::all_live::<Roles>()
        .filter(Column::Name.eq(name))
        .filter(Column::IsSystem.eq(true));
    if let Some(role) = role.lock(LockType::Share).one(tx).await? {
        insert(tx, users.iter().map(|user| user.id), role.id).await?;
        for user in users {
            record(tx, (user.id, user.version), Vec::new(), vec![role.id]);
        }
    }
    Ok(())
}

/// Locks both, which must be live. The actor must hold all that the role gives, and all that the user has.
async fn lock(tx: &Tx, target: &Target, role: i64) -> Result<Model> {
    let user = scope::lock::<Users>(tx, tx.actor(), target.id)
        .await?
        .ok_or(Error::NotFound)?;
    let role = scope::all_live::<Roles>().filter(scope::is::<Roles>(role));
    let role = permitted(tx, &user, role.lock(LockType::Share).one(tx).await?).await?;
    target.expected.check(user.version)?;
    Ok(role)
}

/// Whether the actor could give this role to this user, or take it away.
pub async fn may_assign(reads: &impl Reads, user: i64, role: i64) -> Result<()> {
    let user = Users::visible_row(reads, user).await?.row.user;
    let role = scope::all_live::<Roles>().filter(scope::is::<Roles>(role));
    let role = role.one(reads.db()?).await?;
    permitted(reads, &user, role).await.map(drop)
}

/// An assignment is a change of the user: it takes every permission that the user has, and every one that the role gives.
async fn permitted(reads: &impl Reads, user: &User, role: Option<Model>) -> Result<Model> {
    let role = role.ok_or(Error::NotFound)?;
    let targets = guard::targets(reads, Action::Update, std::slice::from_ref(user)).await?;
    targets.into_iter().collect::<Result<()>>()?;
    let actor = reads.actor();
    let holds_all = parse(&role.permissions).all(|permission| actor.holds(&permission));
    if holds_all {
        Ok(role)
    } else {
        Err(Error::Forbidden("this role has a permission that you lack"))
    }
}

/// How many of them did not have it.
async fn insert(tx: &Tx, users: impl IntoIterator<Item = i64>, role: i64) -> Result<u64> {
    let at = now();
    let link = |user| user_roles::ActiveModel {
        user_id: Set(user),
        role_id: Set(role),
        created_at: Set(at),
    };
    let known = OnConflict::columns([user_roles::Column::UserId, user_roles::Column::RoleId])
        .do_nothing()
        .to_owned();
    let links = user_roles::Entity::insert_many(users.into_iter().map(link));
    Ok(links.on_conflict(known).exec_without_returning(tx).await?)
}

/// Of a user who has this role since now, or no longer.
async fn changed(tx: &Tx, user: i64, role: i64) -> Result<()> {
    let update = scope::update_live(Users::name(), now())
        .and_where(Expr::col((Users::name(), "id")).eq(user))
        .returning(Query::returning().column("version"))
        .take();
    let row = tx.query_one(&update).await?.ok_or(Error::NotFound)?;
    let version = row.try_get("", "version")?;
    let after = ids_of(tx, user).await?;
    let mut before = after.clone();
    match after.binary_search(&role) {
        Ok(place) => drop(before.remove(place)),
        Err(place) => before.insert(place, role),
    }
    record(tx, (user, version), before, after);
    Ok(())
}

/// By their ids: a purged role is nowhere, by its name neither.
fn record(tx: &Tx, user: (i64, i64), before: Vec<i64>, after: Vec<i64>) {
    let entry = Entry::of(Users::name(), Did::Updated, user);
    tx.record(entry.changing("role_ids", before, after));
}

/// The roles of a user, deleted ones too.
async fn ids_of(tx: &Tx, user: i64) -> Result<Vec<i64>> {
    let theirs = scope::plain::<user_roles::Entity>()
        .filter(user_roles::Column::UserId.eq(user))
        .order_by_asc(user_roles::Column::RoleId)
        .select_only()
        .column(user_roles::Column::RoleId);
    Ok(theirs.into_tuple().all(tx).await?)
}

/// For operators and tests, who know roles by their names. Fails with [`Error::NotFound`] where there is none.
pub async fn assign_by_name(tx: &Tx, user: i64, name: &str) -> Result<()> {
    let role = scope::all_live::<Roles>().filter(Column::Name.eq(name));
    let role = role.one(tx).await?.ok_or(Error::NotFound)?;
    assign(tx, user, role.id).await
}
