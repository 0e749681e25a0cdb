//! The deletion of an account by its user. Like every deleted row, it is purged after the retention time.
use std::time::Duration;

use ::entity::sessions;
use sea_orm::{
    ColumnTrait, QueryFilter, QuerySelect,
    sea_query::{Expr, ExprTrait},
};
use serde_json::json;

use super::system_user;
use crate::identity::Users;
use kernel::{
    CrudOperations, Error, Readable, Reads, Result, Session, Tx,
    audit::AuditAction,
    crud::rows::{self, RowsWrite},
    resource::{now, scope},
};

/// The maximum age of the caller's sign-in, so that a stolen token rarely allows the deletion.
const MAX_SIGN_IN_AGE: Duration = Duration::from_mins(10);

/// Deletes the caller and the rows that they own. If `keeps_content` is set, the rows are reassigned to `[deleted]`.
pub async fn delete_account(session: &Session, keeps_content: bool) -> Result<()> {
    let caller = session.actor().caller().ok_or(Error::Unauthenticated)?;
    let this = caller.credential.session().ok_or(Error::Unauthenticated)?;
    let heir = if keeps_content {
        Some(system_user::prepare(session).await?)
    } else {
        None
    };
    let me = caller.user_id;
    let deleted = session.write(async |tx| {
        check_recent_sign_in(tx, me, this).await?;
        if let Some(heir) = &heir {
            // The lock keeps others from adding rows for this user. They wait for it and then find no user.
            scope::lock_ids::<Users>(tx, [me]).await?;
            reassign(tx, me, system_user::id(tx, heir).await?).await?;
        }
        Users::delete(tx, me).await
    });
    // The account may have been deleted since the token was looked up.
    deleted.await.map_err(|error| match error {
        Error::NotFound => Error::Unauthenticated,
        error => error,
    })
}

async fn check_recent_sign_in(tx: &Tx, user: i64, session: i64) -> Result<()> {
    let age = chrono::Duration::from_std(MAX_SIGN_IN_AGE).map_err(Error::internal)?;
    let this = scope::plain::<sessions::Entity>()
        .filter(sessions::Column::Id.eq(session))
        .filter(sessions::Column::UserId.eq(user))
        .filter(sessions::Column::CreatedAt.gt(now() - age))
        .select_only()
        .column(sessions::Column::Id);
    match this.into_tuple::<i64>().one(tx).await? {
        Some(_) => Ok(()),
        None => Err(Error::forbidden(
            "this needs a sign-in within the last 10 minutes; sign in again",
        )),
    }
}

/// Reassigns every live row of one user to another. Deleted rows keep their owner and are purged with them.
async fn reassign(tx: &Tx, from: i64, to: i64) -> Result<()> {
    let at = now();
    for table in tx.kernel().registry().tables() {
        let columns = table
            .owners
            .iter()
            .filter(|owner| owner.table == Users::name());
        for owner in columns {
            tx.note_changed_rows(table.name, None);
            let change = json!({ owner.column: { "from": from, "to": to } });
            let write = RowsWrite {
                table: table.name,
                action: AuditAction::Updated,
                change: rows::Change::Update(
                    scope::update_live(table.name, at)
                        .value(owner.column, to)
                        .take(),
                ),
                scope: scope::live_ids(table.name),
                rows: Expr::col((table.name, owner.column)).eq(from).into(),
                changes: change.as_object().cloned().unwrap_or_default(),
            };
            write.run(tx).await?;
        }
    }
    Ok(())
}
