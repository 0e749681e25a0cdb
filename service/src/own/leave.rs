//! How a user leaves: deleted like by anybody else, and erased when the time of deleted rows is over.
use std::time::Duration;

use ::entity::sessions;
use sea_orm::{
    ColumnTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;

use super::system_user;
use crate::{
    Crud, Error, Reads, Result, Session, Tx, Users,
    audit::{Did, RowsChange, RowsWrite},
    crud::{now, scope},
};

/// How long ago the caller may have signed in: a token that was found somewhere is older.
const FRESH: Duration = Duration::from_mins(10);

/// Deletes the caller. What they own goes with them, unless it is to be kept: then it belongs to a user of the service.
pub async fn leave(session: &Session, keeps_content: bool) -> Result<()> {
    let caller = session.actor().caller().ok_or(Error::Unauthenticated)?;
    let this = caller.credential.session().ok_or(Error::Unauthenticated)?;
    let heir = match keeps_content {
        true => Some(system_user::prepare(session).await?),
        false => None,
    };
    let me = caller.user_id;
    let left = session.write(async |tx| {
        is_fresh(tx, me, this).await?;
        if let Some(heir) = &heir {
            // Nobody writes in this name meanwhile: that waits for this lock, and then finds nobody.
            scope::hold::<Users>(tx, [me]).await?;
            hand_over(tx, me, system_user::id(tx, heir).await?).await?;
        }
        Users::delete(tx, me).await
    });
    // The account may have been deleted since the token was looked up.
    left.await.map_err(|error| match error {
        Error::NotFound => Error::Unauthenticated,
        error => error,
    })
}

async fn is_fresh(tx: &Tx, user: i64, session: i64) -> Result<()> {
    let fresh = chrono::Duration::from_std(FRESH).map_err(Error::internal)?;
    let this = scope::plain::<sessions::Entity>()
        .filter(sessions::Column::Id.eq(session))
        .filter(sessions::Column::UserId.eq(user))
        .filter(sessions::Column::CreatedAt.gt(now() - fresh))
        .select_only()
        .column(sessions::Column::Id);
    match this.into_tuple::<i64>().one(tx).await? {
        Some(_) => Ok(()),
        None => Err(Error::Forbidden(
            "sign in again first: this takes a sign-in of the last ten minutes",
        )),
    }
}

/// Every live row that belongs to one user belongs to another then. Deleted ones stay: they go with their owner.
async fn hand_over(tx: &Tx, from: i64, to: i64) -> Result<()> {
    let at = now();
    for table in tx.registry().tables() {
        let theirs = table
            .owners
            .iter()
            .filter(|owner| owner.table == Users::name());
        for owner in theirs {
            tx.changes_rows(table.name, None);
            let change = json!({ owner.column: { "from": from, "to": to } });
            let handed_over = RowsWrite {
                table: table.name,
                did: Did::Updated,
                change: RowsChange::Update(
                    scope::update_live(table.name, at)
                        .value(owner.column, to)
                        .take(),
                ),
                scope: scope::live_ids(table.name),
                rows: Expr::col((table.name, owner.column)).eq(from).into(),
                changes: change.as_object().cloned().unwrap_or_default(),
            };
            handed_over.run(tx).await?;
        }
    }
    Ok(())
}
