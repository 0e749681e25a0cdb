//! Removes from a restored database what must not come back: sign-ins, links, codes, queued mails and kept answers, and the API keys
//! that were revoked since the backup.
use std::collections::HashSet;

use ::entity::{api_keys, mails, one_time_tokens, sessions, throttles, totp_secrets};
use kernel::{
    Actor, Kernel, Result, Tx,
    entity::{idempotency_keys, server_modes},
    resource::{now, scope},
};
use sea_orm::{ColumnTrait, EntityTrait, sea_query::Expr};

/// The seconds of a step of authenticator codes.
const STEP: i64 = 30;

/// An API key that the database before the restore did not have any more.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct RevokedKey {
    pub id: i64,
    pub user_id: i64,
    pub name: String,
}

/// What was removed.
#[derive(Debug, Clone, Default)]
pub struct Cleaned {
    /// The rows that were removed of each table.
    pub rows: Vec<(&'static str, u64)>,
    pub revoked_keys: Vec<RevokedKey>,
    /// Whether the API keys were compared with those of the database before.
    pub has_compared_keys: bool,
}

/// Returns the hashes of the API keys that a database has.
pub async fn key_hashes(kernel: &Kernel) -> Result<HashSet<Vec<u8>>> {
    let keys = scope::plain::<api_keys::Entity>();
    let keys = keys.all(kernel.database.reader()).await?;
    Ok(keys.into_iter().map(|key| key.key_hash).collect())
}

/// Cleans a restored database. `current` are the API keys of the database before the restore, if they are known.
pub async fn clean(kernel: &Kernel, current: Option<&HashSet<Vec<u8>>>) -> Result<Cleaned> {
    let session = kernel.session(Actor::System).long();
    session
        .write(async |tx| {
            let rows = vec![
                ("sessions", erase::<sessions::Entity>(tx).await?),
                (
                    "one_time_tokens",
                    erase::<one_time_tokens::Entity>(tx).await?,
                ),
                ("mails", erase::<mails::Entity>(tx).await?),
                (
                    "idempotency_keys",
                    erase::<idempotency_keys::Entity>(tx).await?,
                ),
                ("throttles", erase::<throttles::Entity>(tx).await?),
                ("server_modes", erase::<server_modes::Entity>(tx).await?),
            ];
            // A code that was used after the backup must not work again.
            let step = now().timestamp() / STEP + 1;
            let used = [(totp_secrets::Column::LastStep, Expr::val(Some(step)))];
            scope::update_plain::<totp_secrets::Entity>(tx, everything(), used).await?;
            let mut revoked_keys = Vec::new();
            if let Some(current) = current {
                let keys = scope::plain::<api_keys::Entity>().all(tx).await?;
                let gone = keys
                    .into_iter()
                    .filter(|key| !current.contains(&key.key_hash));
                for key in gone {
                    let this = api_keys::Column::Id.eq(key.id);
                    scope::erase::<api_keys::Entity>(tx, this).await?;
                    revoked_keys.push(RevokedKey {
                        id: key.id,
                        user_id: key.user_id,
                        name: key.name,
                    });
                }
            }
            Ok(Cleaned {
                rows,
                revoked_keys,
                has_compared_keys: current.is_some(),
            })
        })
        .await
}

async fn erase<E: EntityTrait>(tx: &Tx) -> Result<u64> {
    scope::erase::<E>(tx, everything()).await
}

fn everything() -> Expr {
    Expr::cust("1 = 1")
}
