//! No escalation: nobody changes a user who may do more than they may, and one active superuser always remains.
use std::collections::HashMap;

use ::entity::users::{ActiveModel, Column, Model};
use sea_orm::{
    ColumnTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};

use crate::{
    Actor, Crud, Error, Reads, Result, Tx, Users,
    crud::{Written, scope},
    permission::{Action, Reach},
    roles,
};

/// Names the lock under which the number of active superusers is reduced; any number of our own will do.
const SUPERUSERS: i64 = 0x5355_5045_5255_5345;

/// `is_active` and `is_superuser` are not for everyone to set.
pub fn fields(actor: &Actor, before: Option<&Model>, after: &ActiveModel) -> Result<()> {
    let changes = |set: &sea_orm::ActiveValue<bool>| set.is_set();
    let is_new = before.is_none();
    if changes(&after.is_active) && actor.reach(Users::name(), Action::Update) < Reach::All {
        return Err(Error::invalid(
            "/is_active",
            "not_allowed",
            "needs the permission users.update",
        ));
    }
    let grants = !is_new || after.is_superuser.try_as_ref() == Some(&true);
    if changes(&after.is_superuser) && grants && !actor.is_superuser() {
        return Err(Error::invalid(
            "/is_superuser",
            "not_allowed",
            "only a superuser may set this",
        ));
    }
    Ok(())
}

/// One's own address is changed where one says one's password, and nowhere else.
pub fn own_address(actor: &Actor, before: Option<&Model>, after: &ActiveModel) -> Result<()> {
    let is_own = before.is_some_and(|user| actor.user_id() == Some(user.id));
    match is_own && after.email.is_set() {
        true => Err(Error::invalid(
            "/email",
            "not_allowed",
            "change your own address by PATCH /auth/me, with your current_password",
        )),
        false => Ok(()),
    }
}

/// Whether the caller holds every permission of each of these users. Being a superuser counts as a permission that only
/// superusers have. Users may change themselves, by an API key only where it has a scope for that.
pub async fn targets(
    reads: &impl Reads,
    action: Action,
    users: &[Model],
) -> Result<Vec<Result<()>>> {
    let actor = reads.actor();
    let me = actor.owner(Users::name(), action);
    let is_free = |user: &Model| actor.is_superuser() || me == Some(user.id);
    let others: Vec<_> = users
        .iter()
        .filter(|user| !is_free(user))
        .map(|user| user.id)
        .collect();
    let theirs = match others.is_empty() {
        true => HashMap::new(),
        false => roles::permissions_of(reads.db()?, &others).await?,
    };
    let holds_all = |user: &Model| {
        let mut permissions = theirs.get(&user.id).into_iter().flatten();
        !user.is_superuser && permissions.all(|permission| actor.holds(permission))
    };
    let target = |user| match is_free(user) || holds_all(user) {
        true => Ok(()),
        false => Err(Error::Forbidden("this user has a permission that you lack")),
    };
    Ok(users.iter().map(target).collect())
}

/// Once users are written: where one of them was an active superuser, and is not any more, another must be there.
pub async fn last_superuser(tx: &Tx, action: Action, users: &[Written<Users>]) -> Result<()> {
    let counts = |user: &Model| user.is_superuser && user.is_active && user.deleted_at.is_none();
    let leaves = |user: &Written<Users>| {
        let stays = action != Action::Delete && counts(&user.after);
        user.before.as_ref().is_some_and(counts) && !stays
    };
    if !users.iter().any(leaves) {
        return Ok(());
    }
    // Two who demote each other would both see the other still there.
    tx.one_at_a_time(SUPERUSERS).await?;
    match has_superuser(tx).await? {
        true => Ok(()),
        false => Err(Error::conflict(
            "the last active superuser must stay: make another user a superuser first",
        )),
    }
}

/// Whether there is an active superuser.
pub async fn has_superuser(reads: &impl Reads) -> Result<bool> {
    let one = scope::all_live::<Users>()
        // Constants, not parameters: the partial index over active superusers serves only those.
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
