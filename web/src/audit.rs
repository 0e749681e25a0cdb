//! How entries of the audit log are shown.
use kernel::{Audit, audit::AuditRow};
use schemars::JsonSchema;
use serde::Serialize;
use serde_json::{Map, Value};

use crate::resource::Resource;

#[derive(Debug, JsonSchema, Serialize)]
pub struct AuditView {
    /// The version of the row after the change.
    version: i64,
    /// The position in the order of all changes; null until the entry is sealed.
    seq: Option<i64>,
    /// The user who made the change; null for the service itself.
    actor_id: Option<i64>,
    request_id: Option<String>,
    resource: String,
    resource_id: i64,
    /// One of `created`, `updated`, `deleted`, `restored`, `purged`, `reverted`, `password_changed`, `password_reset`, `email_verified`, `signed_in`, `signed_out`, `key_created`, `key_revoked`, `totp_turned_on`, `totp_turned_off` and `recovery_code_used`.
    action: String,
    /// `from` and `to` of each changed field; null if the values were erased.
    changes: Option<Map<String, Value>>,
}

impl Resource for AuditView {
    type Service = Audit;

    fn show(AuditRow { entry, changes }: AuditRow) -> Self {
        Self {
            version: entry.version,
            seq: entry.seq,
            actor_id: entry.actor_id,
            request_id: entry.request_id,
            resource: entry.resource,
            resource_id: entry.resource_id,
            action: entry.action,
            changes,
        }
    }
}
