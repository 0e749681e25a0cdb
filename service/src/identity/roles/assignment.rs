//! Assigning roles to users and removing them. Both count as a change of the user.
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
use crate::{identity::Users, identity::users::guard};
use kernel::{
    Code, CrudOperations, Error, Readable, Reads, Result, Tx,
    audit::{AuditAction, Entry},
    crud::{Plan, Target, read},
    permission::Action,
    query::ListQuery,
    resource::{RowPage, everything, now, scope},
};

/// The most role names that an error lists.
const MAX_NAMES: u64 = 50;

/// Assigns a role to a user. It does nothing if the user already has the role.
pub async fn assign(tx: &Tx, user: impl Into<Target>, role: i64) -> Result<()> {
    let target = user.into();
    let (user, role) = (target.id, lock(tx, &target, role).await?);
    match insert(tx, [user], role.id).await? {
        0 => Ok(()),
        _ => role_changed(tx, user, role.id).await,
    }
}

/// Removes a role from a user. It does nothing if the user does not have the role.
pub async fn unassign(tx: &Tx, user: impl Into<Target>, role: i64) -> Result<()> {
    let target = user.into();
    let (user, role) = (target.id, lock(tx, &target, role).await?);
    let this = user_roles::Column::UserId
        .eq(user)
        .and(user_roles::Column::RoleId.eq(role.id));
    match scope::erase::<user_roles::Entity>(tx, this).await? {
        0 => Ok(()),
        _ => role_changed(tx, user, role.id).await,
    }
}

/// Lists the roles of a user, also for actors without `roles.read`. The caller must have checked the permission.
pub async fn list_for_user(
    reads: &impl Reads,
    user: i64,
    query: &mut ListQuery<Roles>,
) -> Result<RowPage<Model>> {
    query.bind_to(Users::name(), user);
    let role_ids = scope::plain::<user_roles::Entity>()
        .filter(user_roles::Column::UserId.eq(user))
        .select_only()
        .column(user_roles::Column::RoleId)
        .into_query();
    let roles = scope::visible_if::<Roles>(reads.actor(), query.shape.deleted, everything());
    let roles = roles.filter(Column::Id.in_subquery(role_ids));
    read::page(reads, Plan::for_rows(reads, query, roles).await?).await
}

/// Assigns a built-in role to new users by its name, if the role still exists.
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

/// Locks the user and the role, which must be live. The actor must hold all permissions of both.
async fn lock(tx: &Tx, target: &Target, role: i64) -> Result<Model> {
    let user = scope::lock::<Users>(tx, tx.actor(), target.id)
        .await?
        .ok_or(Error::NotFound)?;
    let role = scope::all_live::<Roles>().filter(scope::has_id::<Roles>(role));
    let role = check_assignment(tx, &user, role.lock(LockType::Share).one(tx).await?).await?;
    target.expected.check(user.version)?;
    Ok(role)
}

/// Fails unless the actor may assign this role to this user or remove it.
pub async fn may_assign(reads: &impl Reads, user: i64, role: i64) -> Result<()> {
    let user = Users::visible_row(reads, user).await?.row.user;
    let role = scope::all_live::<Roles>().filter(scope::has_id::<Roles>(role));
    let role = role.one(reads.db()?).await?;
    check_assignment(reads, &user, role).await.map(drop)
}

/// Checks an assignment. It is a change of the user, so the actor must hold all permissions of the user and of the role.
async fn check_assignment(reads: &impl Reads, user: &User, role: Option<Model>) -> Result<Model> {
    let role = role.ok_or(Error::NotFound)?;
    let targets = guard::check_targets(reads, Action::Update, std::slice::from_ref(user)).await?;
    targets.into_iter().collect::<Result<()>>()?;
    let actor = reads.actor();
    let holds_all = parse(&role.permissions).all(|permission| actor.holds(&permission));
    if holds_all {
        Ok(role)
    } else {
        Err(Error::forbidden("this role has a permission that you lack"))
    }
}

/// Assigns the role and returns the number of users who did not have it.
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

/// Increments the version of a user whose roles changed, and records the change of this role.
async fn role_changed(tx: &Tx, user: i64, role: i64) -> Result<()> {
    let update = scope::update_live(Users::name(), now())
        .and_where(Expr::col((Users::name(), "id")).eq(user))
        .returning(Query::returning().column("version"))
        .take();
    let row = tx.query_one(&update).await?.ok_or(Error::NotFound)?;
    let version = row.try_get("", "version")?;
    let after = role_ids(tx, user).await?;
    let mut before = after.clone();
    match after.binary_search(&role) {
        Ok(place) => drop(before.remove(place)),
        Err(place) => before.insert(place, role),
    }
    record(tx, (user, version), before, after);
    Ok(())
}

/// Records the ids of roles, not their names: names of purged roles must not stay in the audit.
fn record(tx: &Tx, user: (i64, i64), before: Vec<i64>, after: Vec<i64>) {
    let entry = Entry::new(Users::name(), AuditAction::Updated, user);
    tx.record(entry.with_values("role_ids", before, after));
}

/// The ids of the roles of a user, including deleted roles.
async fn role_ids(tx: &Tx, user: i64) -> Result<Vec<i64>> {
    let ids = scope::plain::<user_roles::Entity>()
        .filter(user_roles::Column::UserId.eq(user))
        .order_by_asc(user_roles::Column::RoleId)
        .select_only()
        .column(user_roles::Column::RoleId);
    Ok(ids.into_tuple().all(tx).await?)
}

/// Returns the live role of this name, for operators and tests. If there is none, the error lists the names that exist.
pub async fn by_name(reads: &impl Reads, name: &str) -> Result<Model> {
    let db = reads.db()?;
    let role = scope::all_live::<Roles>().filter(Column::Name.eq(name));
    if let Some(role) = role.one(db).await? {
        return Ok(role);
    }
    let names = scope::all_live::<Roles>()
        .order_by_asc(Column::Name)
        .limit(MAX_NAMES)
        .select_only()
        .column(Column::Name);
    let names: Vec<String> = names.into_tuple().all(db).await?;
    let detail = format!("unknown role `{name}`; the roles are {}", names.join(", "));
    Err(Error::invalid("/role", Code::Unknown, detail))
}
