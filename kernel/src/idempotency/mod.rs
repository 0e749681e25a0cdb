//! A write that is asked for again under the same key happens once: what it gave is kept in its own transaction.
mod body;
mod deed;

use crate::entity::idempotency_keys::{ActiveModel, Column, Entity};
use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use body::{public, with_fields, without_fields};
pub use deed::{Deed, Need, Notes};

use crate::{
    Error, Reads, Result, Session, Tx,
    crud::{now, scope},
};

/// How long what a key gave is given again; contract §7.
pub const LIFETIME: chrono::Duration = chrono::Duration::hours(24);

/// Characters of a key; contract §7.
pub const MAX_LENGTH: usize = 255;

/// Bytes that a key counts for beside its answer: its row, and the index that finds it.
const ROW: usize = 200;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// Bytes of kept answers that one user may have.
    pub kept_limit: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kept_limit: 64 * 1024 * 1024,
        }
    }
}

/// A key of the actor's, and a digest of what it was sent with.
#[derive(Debug, Clone)]
pub struct Once {
    pub key: String,
    pub fingerprint: Vec<u8>,
}

impl Session {
    /// Runs `work` like [`Session::write`], and keeps what it says is to be kept. Where the actor's key was used before,
    /// `again` makes the outcome of what was kept then. An actor who is no user has no keys.
    ///
    /// Fails with [`Error::KeyReused`] where the key was sent with something else, and with [`Error::InProgress`]
    /// while the first of two is still at work. A failure leaves the key free.
    pub async fn write_once<T, K: Serialize + DeserializeOwned>(
        &self,
        once: &Once,
        work: impl AsyncFn(&Tx) -> Result<(T, K)>,
        again: impl AsyncFn(&Tx, K) -> Result<T>,
    ) -> Result<T> {
        let Some(user_id) = self.actor().user_id() else {
            return self.write(async |tx| Ok(work(tx).await?.0)).await;
        };
        self.write(async |tx| {
            if claim(tx, user_id, once).await? {
                let (outcome, kept) = work(tx).await?;
                keep(tx, user_id, once, &kept).await?;
                return Ok(outcome);
            }
            again(tx, kept(tx, user_id, once).await?).await
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
    tx.keeps_answer((outcome.len() + once.key.len() + ROW) as u64);
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
