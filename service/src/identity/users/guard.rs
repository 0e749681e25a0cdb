//! Rules against privilege escalation: callers cannot change users who have more permissions than they, and one active
//! superuser always remains.
use std::collections::HashMap;

use ::entity::users::{ActiveModel, Column, Model};
use sea_orm::{
    ColumnTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::{identity::Users, identity::roles};
use kernel::{
    Actor, Code, Error, Readable, Reads, Result, Tx,
    permission::{Action, Reach},
    resource::{Written, scope},
};

/// The id of the advisory lock for removing an active superuser. The number is arbitrary but unique.
const SUPERUSER_LOCK: i64 = 0x5355_5045_5255_5345;

/// Checks that the actor may set `is_active` and `is_superuser`.
pub fn check_flags(actor: &Actor, before: Option<&Model>, after: &ActiveModel) -> Result<()> {
    let changes = |set: &sea_orm::ActiveValue<bool>| set.is_set();
    let is_new = before.is_none();
    if changes(&after.is_active) && actor.reach(Users::name(), Action::Update) < Reach::All {
        return Err(Error::invalid(
            "/is_active",
            Code::NotAllowed,
            "you need the permission users.update",
        ));
    }
    let grants = !is_new || after.is_superuser.try_as_ref() == Some(&true);
    if changes(&after.is_superuser) && grants && !actor.is_superuser() {
        return Err(Error::invalid(
            "/is_superuser",
            Code::NotAllowed,
            "only a superuser may set this",
        ));
    }
    Ok(())
}

/// Fails if users change their own address here, because that needs the password.
pub fn check_own_email(actor: &Actor, before: Option<&Model>, after: &ActiveModel) -> Result<()> {
    let is_own = before.is_some_and(|user| actor.user_id() == Some(user.id));
    if is_own && after.email.is_set() {
        Err(Error::invalid(
            "/email",
            Code::NotAllowed,
            "change your own address with PATCH /auth/me and your current_password",
        ))
    } else {
        Ok(())
    }
}

/// Checks for each of these users that the caller holds all their permissions. Being a superuser counts as a permission
/// that only superusers have. Users may change themselves; an API key needs a scope for that.
pub async fn check_targets(
    reads: &impl Reads,
    action: Action,
    users: &[Model],
) -> Result<Vec<Result<()>>> {
    let actor = reads.actor();
    let me = actor.owner(Users::name(), action);
    let is_exempt = |user: &Model| actor.is_superuser() || me == Some(user.id);
    let others: Vec<_> = users
        .iter()
        .filter(|user| !is_exempt(user))
        .map(|user| user.id)
        .collect();
    let permissions_of_others = if others.is_empty() {
        HashMap::new()
    } else {
        roles::permissions_of(reads.db()?, &others).await?
    };
    let holds_all = |user: &Model| {
        let mut permissions = permissions_of_others.get(&user.id).into_iter().flatten();
        !user.is_superuser && permissions.all(|permission| actor.holds(permission))
    };
    let check = |user| {
        if is_exempt(user) || holds_all(user) {
            Ok(())
        } else {
            Err(Error::forbidden("this user has a permission that you lack"))
        }
    };
    Ok(users.iter().map(check).collect())
}

/// Fails if the write removed the last active superuser.
pub async fn check_last_superuser(tx: &Tx, action: Action, users: &[Written<Users>]) -> Result<()> {
    let counts = |user: &Model| user.is_superuser && user.is_active && user.deleted_at.is_none();
    let leaves = |user: &Written<Users>| {
        let stays = action != Action::Delete && counts(&user.after);
        user.before.as_ref().is_some_and(counts) && !stays
    };
    if !users.iter().any(leaves) {
        return Ok(());
    }
    // Without the lock, two superusers who demote each other would both see the other one as active.
    tx.advisory_lock(SUPERUSER_LOCK).await?;
    if has_superuser(tx).await? {
        Ok(())
    } else {
        Err(Error::conflict(
            "the last active superuser must remain; make another user a superuser first",
        ))
    }
}

/// Returns true if there is an active superuser.
pub async fn has_superuser(reads: &impl Reads) -> Result<bool> {
    let one = scope::all_live::<Users>()
        // Constants, not parameters, so that the partial index of active superusers can be used.
        .filter(
            Column::IsSuperuser
                .into_expr()
                .eq(Expr::Constant(true.into())),
        )
        .filter(Column::IsActive.into_expr().eq(Expr::Constant(true.into())))
        .select_only()
        .column(Column::Id);
    let one = one.into_tuple::<i64>().one(reads.db()?).await?;
    Ok(one.is_some())
}
