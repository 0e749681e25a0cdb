//! Runs a write once for each idempotency key: its outcome is stored in the same transaction, and a retry returns it.
mod body;
mod write_request;

use sea_orm::{
    ActiveValue::Set,
    ColumnTrait, EntityTrait, QueryFilter,
    sea_query::{Expr, ExprTrait, OnConflict},
};
use serde::{Deserialize, Serialize, de::DeserializeOwned};

pub use body::{remove_private_members, with_fields, without_fields};
pub use write_request::{Need, Notes, SKIPPED, WriteRequest};

use crate::{
    Error, Reads, Result, Session, Tx,
    entity::idempotency_keys::{ActiveModel, Column, Entity},
    resource::{now, scope},
};

/// How long the outcome of a key is stored; contract §7.
pub const LIFETIME: chrono::Duration = chrono::Duration::hours(24);

/// The most characters of a key; contract §7.
pub const MAX_LENGTH: usize = 255;

/// The bytes that a key counts for in addition to its answer: those of its row and of the index entry.
const ROW: usize = 200;

#[derive(Debug, Clone, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// The most bytes of answers that are stored for one user.
    pub kept_limit: u64,
}

impl Default for Settings {
    fn default() -> Self {
        Self {
            kept_limit: 64 * 1024 * 1024,
        }
    }
}

/// A key that the actor sent, and a digest of the request that it was sent with.
#[derive(Debug, Clone)]
pub struct IdempotencyKey {
    pub text: String,
    pub fingerprint: Vec<u8>,
}

impl Session {
    /// Runs `work` like [`Session::write`], and stores the second value that it returns. If the key was used before, `replay`
    /// makes the outcome from the stored value instead. For an actor that is not a user, the key is ignored.
    ///
    /// Fails with [`Error::KeyReused`] if the key was sent with another request, and with [`Error::InProgress`] while the
    /// first request still runs. After a failure the key can be used again.
    pub async fn write_once<T, K: Serialize + DeserializeOwned>(
        &self,
        key: &IdempotencyKey,
        work: impl AsyncFn(&Tx) -> Result<(T, K)>,
        replay: impl AsyncFn(&Tx, K) -> Result<T>,
    ) -> Result<T> {
        let Some(user_id) = self.actor().user_id() else {
            return self.write(async |tx| Ok(work(tx).await?.0)).await;
        };
        self.write(async |tx| {
            if claim(tx, user_id, key).await? {
                let (outcome, stored) = work(tx).await?;
                store(tx, user_id, key, &stored).await?;
                return Ok(outcome);
            }
            replay(tx, load(tx, user_id, key).await?).await
        })
        .await
    }
}

/// Claims a key that is new or expired, and returns true if it did. On PostgreSQL this waits for a transaction that has
/// just claimed it.
async fn claim(tx: &Tx, user_id: i64, key: &IdempotencyKey) -> Result<bool> {
    let record = ActiveModel {
        user_id: Set(user_id),
        key: Set(key.text.clone()),
        fingerprint: Set(key.fingerprint.clone()),
        outcome: Set(None),
        created_at: Set(now()),
    };
    let claimed_at = Expr::col(Column::CreatedAt.as_column_ref());
    let expired = OnConflict::columns([Column::UserId, Column::Key])
        .update_columns([Column::Fingerprint, Column::Outcome, Column::CreatedAt])
        .action_and_where(claimed_at.lte(now() - LIFETIME))
        .to_owned();
    let claimed = Entity::insert(record)
        .on_conflict(expired)
        .exec_without_returning(tx)
        .await
        .map_err(Error::from);
    match claimed {
        Ok(rows) => Ok(rows == 1),
        // The insert waits for no other row than this key.
        Err(Error::Contended(_)) => Err(Error::InProgress),
        Err(error) => Err(error),
    }
}

async fn store(
    tx: &Tx,
    user_id: i64,
    key: &IdempotencyKey,
    outcome: &impl Serialize,
) -> Result<()> {
    let outcome = serde_json::to_string(outcome).map_err(Error::internal)?;
    tx.add_answer_bytes((outcome.len() + key.text.len() + ROW) as u64);
    scope::update_plain::<Entity>(
        tx,
        is_key(user_id, key),
        [(Column::Outcome, outcome.into())],
    )
    .await
    .map(drop)
}

async fn load<T: DeserializeOwned>(tx: &Tx, user_id: i64, key: &IdempotencyKey) -> Result<T> {
    let record = scope::plain::<Entity>()
        .filter(is_key(user_id, key))
        .one(tx)
        .await?;
    // An expired key was removed between the two statements.
    let record = record.ok_or(Error::InProgress)?;
    if record.fingerprint != key.fingerprint {
        return Err(Error::KeyReused);
    }
    let outcome = record.outcome.unwrap_or_default();
    serde_json::from_str(&outcome).map_err(Error::internal)
}

fn is_key(user_id: i64, key: &IdempotencyKey) -> Expr {
    Column::UserId
        .eq(user_id)
        .and(Column::Key.eq(key.text.as_str()))
}
