//! The chain that makes tampering with the audit log evident. Entries are put into blocks in the order of their commits, and
//! each block is authenticated together with the block before.
use crate::entity::audit_entries::Model as Entry;
use hmac::Mac;
use sea_orm::ConnectionTrait;

use super::Settings;
use crate::{
    Result,
    secret::{Secret, mac},
};

/// The most entries of one block.
pub const BLOCK: u64 = 1_000;

/// The key that authenticates the chain.
pub struct Key(Secret);

impl Key {
    /// Returns `audit.key`, or the key that the installation generated.
    pub async fn load(settings: &Settings, db: &impl ConnectionTrait) -> Result<Self> {
        match &settings.key {
            Some(key) => Ok(Self(Secret::from_text(key))),
            None => Secret::load(db, "audit").await.map(Self),
        }
    }

    /// Authenticates a block together with the MAC of the block before.
    pub fn mac_of_block(&self, previous: &[u8], entries: &[(i64, Vec<u8>, &Entry)]) -> Vec<u8> {
        let mut mac = self.0.mac();
        mac.update(previous);
        for (seq, digest, entry) in entries {
            mac.update(line(*seq, digest, entry).as_bytes());
        }
        mac.finalize().into_bytes().to_vec()
    }

    /// Authenticates the position up to which the log was pruned.
    pub fn mac_of_prune(&self, number: i64, last_seq: i64, block: &[u8]) -> Vec<u8> {
        let mut mac = self.0.mac();
        mac.update(format!("pruned {number} {last_seq} ").as_bytes());
        mac.update(block);
        mac.finalize().into_bytes().to_vec()
    }
}

/// Returns the digest of the values of an entry. The salt is its key, so that the digest reveals nothing once the salt is
/// erased.
pub fn digest(entry: &Entry) -> Vec<u8> {
    let mut mac = mac(entry.salt.as_deref().unwrap_or_default().as_bytes());
    for values in [&entry.changes, &entry.texts] {
        mac.update(values.as_deref().unwrap_or_default().as_bytes());
        mac.update(&[0]);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Returns everything of an entry except its values, which may be erased later.
fn line(seq: i64, digest: &[u8], entry: &Entry) -> String {
    let line = serde_json::json!([
        seq,
        entry.id,
        entry.created_at.timestamp_micros(),
        entry.actor_id,
        entry.request_id,
        entry.resource,
        entry.resource_id,
        entry.action,
        entry.version,
        digest,
    ]);
    format!("{line}\n")
}
