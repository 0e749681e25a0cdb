//! Removes from a restored database what must not come back: sign-ins, links, codes, queued mails and kept answers, and the API keys
//! and recovery codes that were revoked or used since the backup.
use std::collections::HashSet;

use ::entity::{
    api_keys, mails, one_time_tokens, recovery_codes, sessions, throttles, totp_secrets,
};
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
    /// The recovery codes that the database before did not have any more: they were used, or replaced.
    pub used_codes: u64,
}

/// What the database before the restore still has, by its hashes.
pub struct Current {
    keys: HashSet<Vec<u8>>,
    codes: HashSet<(i64, Vec<u8>)>,
}

impl Current {
    pub async fn read(kernel: &Kernel) -> Result<Self> {
        let reader = kernel.database.reader();
        let keys = scope::plain::<api_keys::Entity>().all(reader).await?;
        let codes = scope::plain::<recovery_codes::Entity>().all(reader).await?;
        Ok(Self {
            keys: keys.into_iter().map(|key| key.key_hash).collect(),
            codes: codes
                .into_iter()
                .map(|code| (code.user_id, code.code_hash))
                .collect(),
        })
    }
}

/// Cleans a restored database. `current` is what the database before the restore still has, if it is known.
pub async fn clean(
    kernel: &Kernel,
    current: Option<&Current>,
    keeps_revoked_keys: bool,
) -> Result<Cleaned> {
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
            let mut used_codes = 0;
            if let Some(current) = current {
                if !keeps_revoked_keys {
                    revoked_keys = revoke_keys(tx, current).await?;
                }
                used_codes = remove_codes(tx, current).await?;
            }
            Ok(Cleaned {
                rows,
                revoked_keys,
                has_compared_keys: current.is_some() && !keeps_revoked_keys,
                used_codes,
            })
        })
        .await
}

/// Removes the API keys that the database before did not have any more.
async fn revoke_keys(tx: &Tx, current: &Current) -> Result<Vec<RevokedKey>> {
    let mut keys = scope::plain::<api_keys::Entity>().all(tx).await?;
    keys.retain(|key| !current.keys.contains(&key.key_hash));
    let mut revoked = Vec::new();
    for key in keys {
        let this = api_keys::Column::Id.eq(key.id);
        scope::erase::<api_keys::Entity>(tx, this).await?;
        revoked.push(RevokedKey {
            id: key.id,
            user_id: key.user_id,
            name: key.name,
        });
    }
    Ok(revoked)
}

/// Removes the recovery codes that the database before did not have any more: each works once.
async fn remove_codes(tx: &Tx, current: &Current) -> Result<u64> {
    let mut codes = scope::plain::<recovery_codes::Entity>().all(tx).await?;
    codes.retain(|code| {
        let hash = (code.user_id, code.code_hash.clone());
        !current.codes.contains(&hash)
    });
    let mut removed = 0;
    for code in codes {
        let this = recovery_codes::Column::Id.eq(code.id);
        removed += scope::erase::<recovery_codes::Entity>(tx, this).await?;
    }
    Ok(removed)
}

async fn erase<E: EntityTrait>(tx: &Tx) -> Result<u64> {
    scope::erase::<E>(tx, everything()).await
}

fn everything() -> Expr {
    Expr::cust("1 = 1")
}
