//! A write that is asked for again under the same key happens once: what it gave is kept in its own transaction.
use ::entity::idempotency_keys::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde::{Serialize, de::DeserializeOwned};

use crate::{
    Error, Reads, Result, Session, Tx,
    crud::{now, scope},
};

/// How long what a key gave is given again; contract §7.
pub const LIFETIME: chrono::Duration = chrono::Duration::hours(24);

/// Characters of a key; contract §7.
pub const MAX_LENGTH: usize = 255;

/// A key of the actor's, and a digest of what it was sent with.
#[derive(Debug, Clone)]
pub struct Once {
    pub key: String,
    pub fingerprint: Vec<u8>,
}

impl Session {
    /// Runs `work` like [`Session::write`] unless the actor's key was used before, whose outcome is then given again.
    /// The flag says which of the two it was. An actor who is no user has no keys.
    ///
    /// Fails with [`Error::KeyReused`] where the key was sent with something else, and with [`Error::InProgress`]
    /// while the first of two is still at work. A failure leaves the key free.
    pub async fn write_once<T: Serialize + DeserializeOwned>(
        &self,
        once: &Once,
        work: impl AsyncFn(&Tx) -> Result<T>,
    ) -> Result<(T, bool)> {
        let Some(user_id) = self.actor().user_id() else {
            return Ok((self.write(work).await?, false));
        };
        self.write(async |tx| {
            if claim(tx, user_id, once).await? {
                let outcome = work(tx).await?;
                keep(tx, user_id, once, &outcome).await?;
                return Ok((outcome, false));
            }
            Ok((kept(tx, user_id, once).await?, true))
        })
        .await
    }
}

/// Takes a key that is free, or expired. On PostgreSQL this waits for another transaction that has just taken it.
async fn claim(tx: &Tx, user_id: i64, once: &Once) -> Result<bool> {
    let record = ActiveModel {
        user_id: Set(user_id),
        key: Set(once.key.clone()),
        fingerprint: Set(once.fingerprint.clone()),
        outcome: Set(None),
        created_at: Set(now()),
    };
    let taken_at = Expr::col(Column::CreatedAt.as_column_ref());
    let expired = OnConflict::columns([Column::UserId, Column::Key])
        .update_columns([Column::Fingerprint, Column::Outcome, Column::CreatedAt])
        .action_and_where(taken_at.lte(now() - LIFETIME))
        .to_owned();
    let claimed = Entity::insert(record)
        .on_conflict(expired)
        .exec_without_returning(tx)
        .await
        .map_err(Error::from);
    match claimed {
        Ok(rows) => Ok(rows == 1),
        // The only row that it can wait for.
        Err(Error::Contended(_)) => Err(Error::InProgress),
        Err(error) => Err(error),
    }
}

async fn keep(tx: &Tx, user_id: i64, once: &Once, outcome: &impl Serialize) -> Result<()> {
    let outcome = serde_json::to_string(outcome).map_err(Error::internal)?;
    scope::update_plain::<Entity>(tx, this(user_id, once), [(Column::Outcome, outcome.into())])
        .await
        .map(drop)
}

async fn kept<T: DeserializeOwned>(tx: &Tx, user_id: i64, once: &Once) -> Result<T> {
    let record = scope::plain::<Entity>()
        .filter(this(user_id, once))
        .one(tx)
        .await?;
    // The expired one was removed between the two statements.
    let record = record.ok_or(Error::InProgress)?;
    if record.fingerprint != once.fingerprint {
        return Err(Error::KeyReused);
    }
    let outcome = record.outcome.unwrap_or_default();
    serde_json::from_str(&outcome).map_err(Error::internal)
}

fn this(user_id: i64, once: &Once) -> Expr {
    Column::UserId
        .eq(user_id)
        .and(Column::Key.eq(once.key.as_str()))
}
