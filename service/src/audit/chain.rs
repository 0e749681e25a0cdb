//! What makes the audit evident to tampering: entries in the order of their commits, in blocks, each authenticated with the one before.
use ::entity::{audit_entries::Model as Entry, secrets};
use hmac::{Hmac, KeyInit, Mac};
use sea_orm::{ColumnTrait, ConnectionTrait, QueryFilter};
use secrecy::ExposeSecret;
use sha2::Sha256;

use super::Settings;
use crate::{Error, Result, crud::scope};

/// Entries that are sealed together at most.
pub const BLOCK: u64 = 1_000;

/// The key of the chain: HMAC-SHA-256 (RFC 2104).
#[derive(Clone)]
pub struct Key(Vec<u8>);

impl Key {
    /// `audit.key`, or the one that the installation made for itself.
    pub async fn of(settings: &Settings, db: &impl ConnectionTrait) -> Result<Self> {
        if let Some(key) = &settings.key {
            return Ok(Self(key.expose_secret().as_bytes().to_vec()));
        }
        let made = scope::plain::<secrets::Entity>().filter(secrets::Column::Name.eq("audit"));
        let made = made.one(db).await?;
        let made = made.ok_or_else(|| Error::bug("the installation has no key for its audit"))?;
        Ok(Self(made.value))
    }

    /// Of a block, which follows upon another.
    pub fn block(&self, previous: &[u8], entries: &[(i64, Vec<u8>, &Entry)]) -> Vec<u8> {
        let mut mac = mac(&self.0);
        mac.update(previous);
        for (seq, digest, entry) in entries {
            mac.update(line(*seq, digest, entry).as_bytes());
        }
        mac.finalize().into_bytes().to_vec()
    }

    /// Of the place up to which the audit was given up.
    pub fn prune(&self, number: i64, last_seq: i64, block: &[u8]) -> Vec<u8> {
        let mut mac = mac(&self.0);
        mac.update(format!("pruned {number} {last_seq} ").as_bytes());
        mac.update(block);
        mac.finalize().into_bytes().to_vec()
    }
}

/// Of the values of an entry: the salt is its key, so that it says nothing of them once the salt is gone.
pub fn digest(entry: &Entry) -> Vec<u8> {
    let mut mac = mac(entry.salt.as_deref().unwrap_or_default().as_bytes());
    for values in [&entry.changes, &entry.texts] {
        mac.update(values.as_deref().unwrap_or_default().as_bytes());
        mac.update(&[0]);
    }
    mac.finalize().into_bytes().to_vec()
}

/// Everything of an entry but its values, which may be erased one day.
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

fn mac(key: &[u8]) -> Hmac<Sha256> {
    #[expect(
        clippy::expect_used,
        reason = "HMAC takes keys of any length (RFC 2104, section 2)"
    )]
    Hmac::<Sha256>::new_from_slice(key).expect("a key of any length")
}
