//! One entry of the audit log: an action on a row, and the fields that it changed.
use std::collections::HashMap;

use serde_json::{Map, Value, json};

/// The action of an audit entry; contract §8.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum AuditAction {
    Created,
    Updated,
    Deleted,
    Restored,
    Purged,
    Reverted,
    PasswordChanged,
    PasswordReset,
    EmailVerified,
    SignedIn,
    SignedOut,
    KeyCreated,
    KeyRevoked,
    TotpTurnedOn,
    TotpTurnedOff,
    RecoveryCodeUsed,
}

impl AuditAction {
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Created => "created",
            Self::Updated => "updated",
            Self::Deleted => "deleted",
            Self::Restored => "restored",
            Self::Purged => "purged",
            Self::Reverted => "reverted",
            Self::PasswordChanged => "password_changed",
            Self::PasswordReset => "password_reset",
            Self::EmailVerified => "email_verified",
            Self::SignedIn => "signed_in",
            Self::SignedOut => "signed_out",
            Self::KeyCreated => "key_created",
            Self::KeyRevoked => "key_revoked",
            Self::TotpTurnedOn => "totp_turned_on",
            Self::TotpTurnedOff => "totp_turned_off",
            Self::RecoveryCodeUsed => "recovery_code_used",
        }
    }
}

#[derive(Debug, Clone)]
pub struct Entry {
    pub resource: &'static str,
    pub resource_id: i64,
    pub action: AuditAction,
    /// The version of the row after the action.
    pub version: i64,
    /// `from` and `to` of each changed field. Both are omitted for a large field, whose text is stored once per version.
    pub changes: Map<String, Value>,
    /// The large fields of the row, if one of them changed.
    pub texts: Option<Map<String, Value>>,
}

impl Entry {
    /// Makes an entry without changed fields.
    pub fn new(
        resource: &'static str,
        action: AuditAction,
        (resource_id, version): (i64, i64),
    ) -> Self {
        Self {
            resource,
            resource_id,
            action,
            version,
            changes: Map::new(),
            texts: None,
        }
    }

    /// Adds a changed field with its values.
    #[must_use]
    pub fn with_values(self, field: &str, from: impl Into<Value>, to: impl Into<Value>) -> Self {
        self.with_change(field, json!({ "from": from.into(), "to": to.into() }))
    }

    /// Adds a changed field.
    #[must_use]
    pub fn with_change(mut self, field: &str, change: Value) -> Self {
        self.changes.insert(field.to_owned(), change);
        self
    }
}

/// The entries of a transaction, in order: one for each version of a row.
#[derive(Debug, Default)]
pub struct Entries {
    pub all: Vec<Entry>,
    indexes: HashMap<(&'static str, i64, i64), usize>,
}

impl Entries {
    /// Adds an entry. An update without a new version adds its changes to the entry of that version.
    pub fn add(&mut self, entry: Entry) {
        let version = (entry.resource, entry.resource_id, entry.version);
        match self.indexes.get(&version) {
            Some(index) if entry.action == AuditAction::Updated => {
                self.all[*index].changes.extend(entry.changes);
            }
            _ => {
                self.indexes.insert(version, self.all.len());
                self.all.push(entry);
            }
        }
    }
}
